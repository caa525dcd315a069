package acceptance_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"guiju/app/playground"
	"guiju/wecom/sandbox"
)

// Everything the product prints during an acceptance test is kept and, when the
// test ends, searched for what must never be printed: the company's secrets,
// access tokens and what members wrote (design §6, last row).

// printed is a log at its most talkative, that several goroutines write.
type printed struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *printed) Write(line []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(line)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// Told counts the lines somebody sees who asked for no details.
func (p *printed) Told() int {
	all := p.String()
	return strings.Count(all, "\n") - strings.Count(all, "level=DEBUG")
}

// logger prints everything; GUIJU_TEST_LOG shows it.
func (p *printed) logger() *slog.Logger {
	var out io.Writer = p
	if os.Getenv("GUIJU_TEST_LOG") != "" {
		out = io.MultiWriter(p, os.Stderr)
	}
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// asks reads the pages for machines, if the app is up: they are printed too.
func (p *printed) asks(play *playground.Playground) {
	client := http.Client{Timeout: 5 * time.Second}
	for _, page := range []string{"/metrics", "/readyz"} {
		response, err := client.Get(play.AppURL + page)
		if err != nil {
			continue
		}
		_, _ = io.Copy(p, response.Body)
		_ = response.Body.Close()
	}
}

// secretsOf are the secrets of the simulated company.
func secretsOf(o sandbox.Options) []string {
	var all []string
	for _, app := range o.Apps {
		all = append(all, app.Secret, app.Token, app.EncodingAESKey)
	}
	return append(all, o.Contacts.Secret, o.Contacts.Token, o.Contacts.EncodingAESKey)
}

const (
	tellingWord = 8    // runes that a member did not write by chance
	mostWords   = 5000 // of one test that are searched for
)

// hears remembers what a member wrote: each line, what follows its first word,
// and each long word.
func (w *World) hears(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		for _, word := range append(strings.Fields(line), strings.TrimSpace(line), strings.TrimSpace(rest)) {
			if telling(word) && len(w.words) < mostWords {
				w.words = append(w.words, word)
			}
		}
	}
}

var ids = regexp.MustCompile(`^([A-Z]{1,2}\d{8}-\d+|[A-Za-z0-9_.@-]{1,64})$`) // numbers and userids may be printed

func telling(word string) bool { return len([]rune(word)) >= tellingWord && !ids.MatchString(word) }

// credential is a run of characters only tokens and keys are made of.
var credential = regexp.MustCompile(`[A-Za-z0-9+/_-]{100,}`)

// leaks names what of the secrets and words stands in a text, without quoting
// the secrets.
func leaks(text string, secrets, words []string) (found []string) {
	for i, secret := range secrets {
		if secret != "" && strings.Contains(text, secret) {
			found = append(found, fmt.Sprintf("secret %d of the company", i))
		}
	}
	for _, name := range []string{"access_token=", "corpsecret="} {
		if strings.Contains(text, name) {
			found = append(found, name)
		}
	}
	if run := credential.FindString(text); run != "" {
		found = append(found, "something like an access token: "+run[:8]+"…")
	}
	for _, word := range words {
		if strings.Contains(text, word) || strings.Contains(text, quoted(word)) {
			found = append(found, "a member's words: "+word)
		}
	}
	return found
}

// quoted is a word as the log writes it.
func quoted(word string) string {
	if strings.IndexFunc(word, func(r rune) bool { return r == '"' || r == '\\' || !unicode.IsPrint(r) }) < 0 {
		return word
	}
	return strings.Trim(fmt.Sprintf("%q", word), `"`)
}

// keepsSecrets fails the test if anything was printed that must not be.
func (w *World) keepsSecrets(secrets []string) {
	w.t.Helper()
	w.mu.Lock()
	words := w.words
	w.mu.Unlock()
	for _, leak := range leaks(w.printed.String(), secrets, words) {
		w.t.Errorf("printed: %s", leak)
	}
}

// The search finds each of what it is there to find.
func TestPrintedSecretsAreFound(t *testing.T) {
	o := sandbox.DefaultOptions()
	w := &World{t: t}
	w.hears("咨询 报销发票的抬头怎么写\n回复 M20260302-0001 \"请写全称\"，谢谢")
	require.NotEmpty(t, w.words)
	for name, line := range map[string]string{
		"secret":       "level=ERROR err=" + o.Apps[0].Secret,
		"aes key":      o.Contacts.EncodingAESKey,
		"token":        "token=" + strings.Repeat("aB3", 60),
		"url":          "Get https://qyapi/cgi-bin/user/get?access_token=x",
		"whole text":   "text=\"咨询 报销发票的抬头怎么写\"",
		"argument":     "body=报销发票的抬头怎么写",
		"in quotation": `msg="回复 M20260302-0001 \"请写全称\"，谢谢"`,
	} {
		require.NotEmpty(t, leaks(line, secretsOf(o), w.words), name)
	}
	require.Empty(t, leaks("level=INFO msg=ready item=M20260302-0001 member=zhaoliu key="+strings.Repeat("f", 64), secretsOf(o), w.words))
}
