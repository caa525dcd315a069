package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"guiju/app/config/strict"
)

var (
	appName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$`)
	corpID  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	token   = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)
	aesKey  = regexp.MustCompile(`^[A-Za-z0-9]{43}$`)
)

// checker collects mistakes; it never stops at the first.
type checker struct{ found []strict.Mistake }

func (k *checker) add(path, format string, args ...any) {
	k.found = append(k.found, strict.Mistake{Path: path, Text: fmt.Sprintf(format, args...)})
}

// check finds what is readable but wrong. Empty WeCom credentials are not: see Ready.
func (c *Config) check() []strict.Mistake {
	k := &checker{}
	k.server(&c.Server)
	k.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	k.oneOf("log.format", c.Log.Format, "text", "json")
	k.store(c.Store)
	if c.Redis.Address != "" {
		k.address("redis.address", c.Redis.Address, "127.0.0.1:6379", 1)
	}
	if c.Redis.DB < 0 || c.Redis.DB > 65535 {
		k.add("redis.db", "must be 0 or more; 0 is the usual one")
	}
	k.wecom(&c.WeCom)
	if strings.TrimSpace(c.Spool.Dir) == "" {
		k.add("spool.dir", "is empty; name a folder on a disk that survives a restart, as in ./spool")
	}
	if strings.TrimSpace(c.Media.Dir) == "" {
		k.add("media.dir", "is empty; name a folder for the files members send, as in ./media")
	}
	if c.Spool.MaxBytes < 1<<20 {
		k.add("spool.max_bytes", "must be at least 1048576 (1 MiB)")
	}
	k.duration("retention.message_bodies", c.Retention.MessageBodies, 24*time.Hour, 87600*time.Hour)
	return k.found
}

func (k *checker) server(s *Server) {
	k.address("server.listen", s.Listen, "127.0.0.1:8080", 0)
	if s.PublicURL != "" {
		k.url("server.public_url", &s.PublicURL, "https://guiju.example.com")
	}
	k.duration("server.shutdown_timeout", s.ShutdownTimeout, time.Second, 10*time.Minute)
}

func (k *checker) store(s Store) {
	k.oneOf("store.driver", s.Driver, "sqlite", "mysql")
	k.oneOf("store.migrate", s.Migrate, "auto", "manual")
	dsn := s.DSN.Reveal()
	switch {
	case strings.TrimSpace(dsn) == "":
		k.add("store.dsn", "is empty; write a file path for sqlite or a DSN like user:password@tcp(host:3306)/guiju for mysql")
	case s.Driver == "mysql" && !strings.Contains(dsn, "/"):
		k.add("store.dsn", "is no MySQL DSN; write one like user:password@tcp(host:3306)/guiju")
	case s.Driver == "sqlite" && (strings.Contains(dsn, "@tcp(") || strings.Contains(dsn, "@unix(")):
		k.add("store.dsn", "is a MySQL DSN, but store.driver is sqlite; set store.driver: mysql")
	}
}

func (k *checker) wecom(w *WeCom) {
	if w.CorpID != "" && !corpID.MatchString(w.CorpID) {
		k.add("wecom.corp_id", "must be letters and digits only, as 企业ID in 管理后台 → 我的企业 → 企业信息")
	}
	k.url("wecom.api_base_url", &w.APIBaseURL, "https://qyapi.weixin.qq.com")
	k.duration("wecom.timeout", w.Timeout, 100*time.Millisecond, time.Minute)
	if len(w.Apps) > 100 {
		k.add("wecom.apps", "must have at most 100 apps")
		return
	}
	for i, app := range w.Apps {
		k.app(fmt.Sprintf("wecom.apps[%d].", i), app, w.Apps[:i])
	}
	c := w.Contacts
	k.credentials("wecom.contacts.", "", c.Token, c.EncodingAESKey)
	if c.Token.Empty() != c.EncodingAESKey.Empty() {
		k.add("wecom.contacts", "needs both token and encoding_aes_key, or neither; both are in 管理后台 → 管理工具 → 通讯录同步 → 设置接收事件服务器")
	}
}

func (k *checker) app(at string, app App, before []App) {
	switch {
	case app.Name == "":
		k.add(at+"name", "is empty; choose a short name, the callback URL ends in it: /callback/{name}")
	case strings.EqualFold(app.Name, "contacts"):
		k.add(at+"name", "must not be contacts: /callback/contacts is the contact-sync receiver")
	case !appName.MatchString(app.Name):
		k.add(at+"name", "must be 1 to 32 letters, digits, - or _: it is part of the callback URL")
	case slices.ContainsFunc(before, func(b App) bool { return strings.EqualFold(b.Name, app.Name) }):
		k.add(at+"name", "%s is the name of another app; names must differ", app.Name)
	}
	switch {
	case app.AgentID < 1:
		k.add(at+"agent_id", "must be the AgentId of the app, as shown in 管理后台 → 应用管理")
	case slices.ContainsFunc(before, func(b App) bool { return b.AgentID == app.AgentID }):
		k.add(at+"agent_id", "%d is the agent id of another app; each app has its own", app.AgentID)
	}
	if !app.Token.Empty() && slices.ContainsFunc(before, func(b App) bool {
		return b.Token.Reveal() == app.Token.Reveal() && b.EncodingAESKey.Reveal() == app.EncodingAESKey.Reveal()
	}) {
		k.add(at+"token", "and encoding_aes_key are those of another app; a callback of one would pass for the other's: press 随机获取 in 接收消息 → 设置API接收")
	}
	k.credentials(at, "", app.Token, app.EncodingAESKey)
	k.credentials(at, "previous_", app.PreviousToken, app.PreviousEncodingAESKey)
}

// credentials checks the form of what is there; it never prints it.
func (k *checker) credentials(at, prefix string, tok, key Secret) {
	if !tok.Empty() && !token.MatchString(tok.Reveal()) {
		k.add(at+prefix+"token", "must be 1 to 32 letters and digits, as in 接收消息 → 设置API接收")
	}
	if !key.Empty() && !aesKey.MatchString(key.Reveal()) {
		k.add(at+prefix+"encoding_aes_key", "must be exactly 43 letters and digits, as in 接收消息 → 设置API接收; it has %d characters", len([]rune(key.Reveal())))
	}
}

func (k *checker) oneOf(path, v string, allowed ...string) {
	if !slices.Contains(allowed, v) {
		k.add(path, "must be %s, not %q", strings.Join(allowed, " or "), v)
	}
}

func (k *checker) address(path, v, example string, lowest int) {
	_, port, err := net.SplitHostPort(v)
	n, notNumber := strconv.Atoi(port)
	switch {
	case err != nil || notNumber != nil:
		k.add(path, "must be host:port like %s", example)
	case n < lowest || n > 65535:
		k.add(path, "the port must be %d..65535", lowest)
	}
}

// url checks *v and takes a final slash away.
func (k *checker) url(path string, v *string, example string) {
	u, err := url.Parse(*v)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		k.add(path, "must be a URL like %s", example)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		k.add(path, "must have no user, no ? and no #; write it like %s", example)
	default:
		*v = strings.TrimRight(*v, "/")
	}
}

func (k *checker) duration(path string, v, lo, hi time.Duration) {
	if v < lo || v > hi {
		k.add(path, "must be %s..%s", brief(lo), brief(hi))
	}
}

// brief writes 10m0s as 10m and 24h0m0s as 24h.
func brief(d time.Duration) string {
	s := strings.TrimSuffix(d.String(), "m0s")
	if s != d.String() {
		s += "m"
	}
	if t := strings.TrimSuffix(s, "h0m"); t != s {
		return t + "h"
	}
	return s
}

// Ready reports what is missing to serve a real WeCom company: Load accepts a
// config without a corp id or secrets, because check and sandbox need none. The
// error is an *Error.
func (c Config) Ready() error {
	k := &checker{}
	if c.WeCom.CorpID == "" {
		k.add("wecom.corp_id", "is empty; copy 企业ID from 管理后台 → 我的企业 → 企业信息")
	}
	if len(c.WeCom.Apps) == 0 {
		k.add("wecom.apps", "is empty; create a self-built app in 管理后台 → 应用管理 → 自建 and enter it")
	}
	for i, app := range c.WeCom.Apps {
		at := fmt.Sprintf("wecom.apps[%d].", i)
		if app.Secret.Empty() {
			k.add(at+"secret", "is empty; copy Secret from 管理后台 → 应用管理 → the app")
		}
		if app.Token.Empty() {
			k.add(at+"token", "is empty; copy Token from the app's 接收消息 → 设置API接收")
		}
		if app.EncodingAESKey.Empty() {
			k.add(at+"encoding_aes_key", "is empty; copy EncodingAESKey from the app's 接收消息 → 设置API接收")
		}
	}
	if len(k.found) == 0 {
		return nil
	}
	for i, m := range k.found {
		k.found[i].Line = strict.Line(c.lines, m.Path)
	}
	return &Error{c.file, k.found}
}
