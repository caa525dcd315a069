// Package pagetest drives the sandbox's web page in a real Chromium, for the
// tests of the page itself and of programs played on it.
package pagetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Page drives the sandbox's web page in a real Chromium. Every wait is for a condition.
type Page struct {
	t   testing.TB
	ctx context.Context
	url string

	mu       sync.Mutex
	troubles []string // console warnings, errors and uncaught exceptions
}

const pageTimeout = 4 * time.Minute

// Widths are the two screens the page promises to be good at.
var Widths = map[string][2]int64{"390": {390, 844}, "1280": {1280, 800}}

// Phone is the screen of the pages in WeCom's webview.
var Phone = [2]int64{375, 812}

// Open starts Chromium at a size and waits until the page is live. Without Chromium the test is skipped,
// or fails when GUIJU_TEST_REQUIRE names browser.
func Open(t testing.TB, url string, size [2]int64) *Page {
	t.Helper()
	p := &Page{t: t, url: url}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "zh-CN"))...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator, chromedp.WithListener(p.listen))
	t.Cleanup(closeTab)
	var cancel context.CancelFunc
	p.ctx, cancel = context.WithTimeout(tab, pageTimeout)
	t.Cleanup(cancel)
	p.Do(chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(url))
	p.See(`body[data-ready]`)
	p.See(`[data-testid=live][data-state=live]`)
	return p
}

// chromium finds the browser.
func chromium(t testing.TB) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if strings.Contains(os.Getenv("GUIJU_TEST_REQUIRE"), "browser") {
		t.Fatal("no Chromium in PATH, but GUIJU_TEST_REQUIRE names browser")
	}
	t.Skip("no Chromium in PATH: the sandbox's page is not tested")
	return ""
}

func (p *Page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, arg := range e.Args {
				p.troubles = append(p.troubles, fmt.Sprintf("console %s: %s %s", e.Type, arg.Value, arg.Description))
			}
		}
	case *runtime.EventExceptionThrown:
		p.troubles = append(p.troubles, fmt.Sprintf("exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			p.troubles = append(p.troubles, fmt.Sprintf("log %s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	}
}

func (p *Page) Do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatalf("%v\n%s", err, p.picture())
	}
}

// picture saves what the page looked like when a step failed, if GUIJU_TEST_SCREENSHOTS names a folder.
func (p *Page) picture() string {
	folder := os.Getenv("GUIJU_TEST_SCREENSHOTS")
	if folder == "" {
		return "set GUIJU_TEST_SCREENSHOTS to a folder to see the page at this moment"
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 10*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return "no screenshot: " + err.Error()
	}
	name := filepath.Join(folder, strings.NewReplacer("/", "-", " ", "-").Replace(p.t.Name())+".png")
	if err := os.WriteFile(name, png, 0o600); err != nil {
		return "no screenshot: " + err.Error()
	}
	return "screenshot: " + name
}

// Shot saves what the screen shows now as name.png below folder, and answers where.
func (p *Page) Shot(folder, name string) string {
	p.t.Helper()
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	require.NoError(p.t, err)
	path := filepath.Join(folder, name+".png")
	require.NoError(p.t, os.WriteFile(path, png, 0o600))
	return path
}

// Dark lets the phone ask for dark colours.
func (p *Page) Dark() {
	p.t.Helper()
	dark := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}
	p.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, dark)
		return err
	}))
}

// Visit leaves for another address and waits until it is there.
func (p *Page) Visit(address string) {
	p.t.Helper()
	p.Do(chromedp.Navigate(address))
}

// Type empties an input and types into it.
func (p *Page) Type(css, text string) {
	p.t.Helper()
	p.See(css)
	p.Until(fmt.Sprintf(`(document.querySelector(%q).value = '') === ''`, css))
	p.Do(chromedp.SendKeys(chromedp.CSS(css), text))
}

// See waits until something matching the selector is visible.
func (p *Page) See(css string) { p.t.Helper(); p.Do(chromedp.WaitVisible(chromedp.CSS(css))) }

// Click waits for the element, presses it and so moves the focus like a hand would.
func (p *Page) Click(css string) { p.t.Helper(); p.Do(chromedp.Click(chromedp.CSS(css))) }

// left is what Chromium says when a page is left while it is asked something.
var left = regexp.MustCompile(`context with specified id|context was destroyed|navigated or closed|[Nn]ot attached`)

// Until waits for a JavaScript condition.
func (p *Page) Until(condition string) {
	p.t.Helper()
	var err error
	for range 20 {
		_, err = chromedp.Run(p.ctx, chromedp.Poll[bool](condition))
		// A page that is being left takes the question with it: it is asked of the next.
		if err == nil || !left.MatchString(err.Error()) {
			break
		}
	}
	if err != nil {
		p.t.Fatalf("never true: %s: %v\n%s", condition, err, p.picture())
	}
}

// Text waits until the element's text holds the words.
func (p *Page) Text(css, words string) {
	p.t.Helper()
	p.Until(fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.textContent.includes(%q))`, css, words))
}

// Evaluate answers the value of a JavaScript expression in the page.
func Evaluate[T any](p *Page, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	require.NoError(p.t, err, expression)
	return value
}

// Say types a text and sends it with Enter.
func (p *Page) Say(text string) {
	p.t.Helper()
	p.Do(chromedp.SendKeys(chromedp.CSS(`[data-testid=input]`), text+"\r"))
	p.Text(`.row.mine .say`, text)
	p.Until(`document.querySelector('[data-testid=input]').value === ''`)
}

// Play switches to a member the way this width offers.
func (p *Page) Play(userid string) {
	p.t.Helper()
	if Evaluate[bool](p, `getComputedStyle(document.querySelector('.tabs')).display !== 'none'`) {
		p.Click(`[data-testid=tab-members]`)
	}
	p.Click(fmt.Sprintf(`[data-testid=member-%s]`, userid))
	p.See(`[data-testid=input]`)
}

// View opens a panel the way this width offers: clock is always there on a wide screen.
func (p *Page) View(name string) {
	p.t.Helper()
	if Evaluate[bool](p, `getComputedStyle(document.querySelector('.tabs')).display !== 'none'`) {
		p.Click(`.tabs [data-view=` + name + `]`)
	} else if name == "traffic" || name == "faults" {
		p.Click(`.side-tabs [data-view=` + name + `]`)
	}
}

// Fits requires that nothing is wider than the screen.
func (p *Page) Fits() {
	p.t.Helper()
	require.LessOrEqual(p.t, Evaluate[int](p, `document.documentElement.scrollWidth`), Evaluate[int](p, `document.documentElement.clientWidth`), "the page scrolls sideways")
}

// Calm requires that the page fits and that the console has stayed empty. Chromium itself logs refused calls
// there, so a test that provokes one asks only whether the page fits.
func (p *Page) Calm() {
	p.t.Helper()
	p.Fits()
	p.mu.Lock()
	defer p.mu.Unlock()
	require.Empty(p.t, p.troubles, "the console must stay empty")
}
