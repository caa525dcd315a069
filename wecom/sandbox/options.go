package sandbox

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Options describes one simulated platform: its company, its apps and how it
// delivers. Start from DefaultOptions and change what you need; New fills zero
// durations and sizes with the documented defaults and refuses the rest.
type Options struct {
	CorpID   string
	Apps     []App
	Contacts Contacts
	// Company is copied by New; nil means ExampleCompany().
	Company *Company
	// Templates are those of the built-in 审批 app; nil means ExampleTemplates().
	Templates []Template

	// Start is the first business time; zero means the real time of New.
	Start time.Time
	// Frozen stops business time between moves. Otherwise it runs on from Start
	// as real time does. While the clock is being advanced it always stands still.
	Frozen bool
	// Location is how business time is printed; default UTC+8.
	Location *time.Location

	// StateFile keeps everything across restarts as JSON; empty: memory only.
	StateFile string

	// Retries is how many further deliveries follow a failed first one.
	Retries int
	// RetrySpacing is the real time between them, default 1 s.
	RetrySpacing time.Duration
	// CallbackTimeout is how long an app may take to answer, default 5 s.
	CallbackTimeout time.Duration
	// VerifyTimeout is the same for the URL verification, default 1 s.
	VerifyTimeout time.Duration
	// MoveTimeout bounds one clock move or settle in real time, default 60 s.
	MoveTimeout time.Duration
	// WorkerGone is how long an app connected over HTTP may be silent before the
	// clock stops waiting for it, default 3 s of real time.
	WorkerGone time.Duration

	// Concurrency bounds callbacks under way at once, default 256; up to
	// QueueLimit more wait (default 20000), and beyond that control calls get 429.
	Concurrency int
	QueueLimit  int
	// TrafficLimit is how many traffic items are kept, default 2000.
	TrafficLimit int
	// ChatLimit is how many messages one member's chat with one app keeps, default 500.
	ChatLimit int
	// MediaLimit bounds all stored media in bytes, default 256 MiB.
	MediaLimit int64
	// AccountCap is the company's account limit; one app may make AccountCap × 200
	// member deliveries a day (api.md 11). Default 1000.
	AccountCap int
	// WrongSecretLimit is how many wrong secrets an IP may try within an hour
	// before gettoken refuses it for an hour with 45009. Default 20.
	WrongSecretLimit int
	// Unlimited lifts every frequency limit, the silent drop included; for load
	// tests only, since the real platform never does.
	Unlimited bool
	// ContactEventsFull sends contact callbacks in the form of before 2022-08-15.
	ContactEventsFull bool

	// Transport carries callbacks; nil means a transport of the platform's own.
	Transport http.RoundTripper
	Logger    *slog.Logger
}

// App is a self-built app (自建应用) of the company.
type App struct {
	// Name names the app in the control API and is what its chat is called.
	Name           string `json:"name"`
	AgentID        int64  `json:"agent_id"`
	Secret         string `json:"secret"`
	Token          string `json:"token"`
	EncodingAESKey string `json:"encoding_aes_key"`
	// CallbackURL receives its callbacks; empty: the app has none configured.
	CallbackURL string `json:"callback_url"`
	// Visible range (可见范围). All three empty: the root department.
	VisibleUsers   []string `json:"visible_users,omitempty"`
	VisibleParties []int    `json:"visible_parties,omitempty"`
	VisibleTags    []int    `json:"visible_tags,omitempty"`
	// TrustedDomain is the host[:port] OAuth may return to; empty: the host of
	// the callback URL and loopback hosts.
	TrustedDomain string `json:"trusted_domain,omitempty"`
	HomeURL       string `json:"home_url,omitempty"`
	// MiniPrograms are the appids linked to the app; only these may be sent.
	MiniPrograms []string `json:"mini_programs,omitempty"`
	// NoEnterEvents and NoLocationEvents untick 上报进入应用事件 and 上报地理位置.
	NoEnterEvents    bool `json:"no_enter_events,omitempty"`
	NoLocationEvents bool `json:"no_location_events,omitempty"`
	// NoApprovals takes the app off 审批 → 可调用接口的应用: 301055, no events.
	NoApprovals bool `json:"no_approvals,omitempty"`
	// Disabled apps get no callbacks and 50003.
	Disabled bool `json:"disabled,omitempty"`
	// Privacy is true for apps created before 2022-06-20 20:00: user/get and
	// user/list then carry mobile, email and the other private fields.
	Privacy bool `json:"privacy,omitempty"`
}

// Contacts is the contact-sync assistant (通讯录同步): its secret reads ids
// only, its receiver gets change_contact.
type Contacts struct {
	Secret         string `json:"secret"`
	Token          string `json:"token"`
	EncodingAESKey string `json:"encoding_aes_key"`
	CallbackURL    string `json:"callback_url"`
}

// contactsReceiver is the name of the contact-sync receiver; no app may take it.
const contactsReceiver = "contacts"

// DefaultOptions is a platform a newcomer can use at once: the example company,
// one app called assistant and the contact-sync receiver, whose callbacks go to
// an app server on 127.0.0.1:8080. The credentials are public and worthless.
func DefaultOptions() Options {
	return Options{
		CorpID: "ww5a4db07c0ffee261",
		Apps: []App{{
			Name:           "assistant",
			AgentID:        1000002,
			Secret:         "SandboxAssistantSecret0123456789abcdefghijk",
			Token:          "SandboxAssistantToken",
			EncodingAESKey: "k8Jq2Zt5Wv1Xn7Rb4Yc9Ud3Fe6Gh0Lm2Pa5Ts8Io1Kr",
			CallbackURL:    "http://127.0.0.1:8080/callback/assistant",
		}},
		Contacts: Contacts{
			Secret:         "SandboxContactsSecret9876543210zyxwvutsrqpo",
			Token:          "SandboxContactsToken",
			EncodingAESKey: "q3Mw7Ne1Rb6Ty0Ui4Op9As2Df5Gh8Jk3Lz7Xc1Vb6Np",
			CallbackURL:    "http://127.0.0.1:8080/callback/contacts",
		},
		Retries: 3,
	}
}

// ConfigYAML prints the wecom block of guiju's config.yaml that fits these
// options, for a platform reachable at baseURL.
func (o Options) ConfigYAML(baseURL string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "wecom:\n  corp_id: %q\n  api_base_url: %q\n  timeout: 5s\n  apps:\n", o.CorpID, baseURL)
	for _, a := range o.Apps {
		fmt.Fprintf(&b, "    - name: %q\n      agent_id: %d\n      secret: %q\n      token: %q\n      encoding_aes_key: %q\n",
			a.Name, a.AgentID, a.Secret, a.Token, a.EncodingAESKey)
	}
	c := o.Contacts
	if c.Secret != "" || c.Token != "" {
		fmt.Fprintf(&b, "  contacts:\n    secret: %q\n    token: %q\n    encoding_aes_key: %q\n", c.Secret, c.Token, c.EncodingAESKey)
	}
	return b.String()
}

var (
	aesKeyForm = regexp.MustCompile(`^[A-Za-z0-9]{43}$`)
	tokenForm  = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)
	nameForm   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// withDefaults fills what was left out and reports the first thing that cannot work.
func (o Options) withDefaults() (Options, error) {
	if o.CorpID == "" {
		return o, fmt.Errorf("sandbox options: CorpID is empty")
	}
	if len(o.Apps) == 0 {
		return o, fmt.Errorf("sandbox options: at least one app is needed")
	}
	names, agents, secrets := map[string]bool{contactsReceiver: true}, map[int64]bool{}, map[string]bool{}
	o.Apps = append([]App(nil), o.Apps...)
	for _, a := range o.Apps {
		where := "sandbox options: app " + a.Name
		switch {
		case !nameForm.MatchString(a.Name):
			return o, fmt.Errorf("%s: the name needs 1–64 letters, digits, _ or -", where)
		case names[a.Name]:
			return o, fmt.Errorf("%s: the name is taken", where)
		case a.AgentID <= 0 || agents[a.AgentID]:
			return o, fmt.Errorf("%s: AgentID must be positive and unique", where)
		case a.Secret == "" || secrets[a.Secret]:
			return o, fmt.Errorf("%s: Secret must be set and unique", where)
		}
		if err := checkReceiver(a.Token, a.EncodingAESKey, a.CallbackURL); err != nil {
			return o, fmt.Errorf("%s: %w", where, err)
		}
		names[a.Name], agents[a.AgentID], secrets[a.Secret] = true, true, true
	}
	if c := o.Contacts; c.Secret != "" && secrets[c.Secret] {
		return o, fmt.Errorf("sandbox options: contacts: Secret is that of an app")
	} else if err := checkReceiver(c.Token, c.EncodingAESKey, c.CallbackURL); err != nil {
		return o, fmt.Errorf("sandbox options: contacts: %w", err)
	}
	if o.Retries < 0 || o.Retries > 10 {
		return o, fmt.Errorf("sandbox options: Retries must be 0–10")
	}
	setDefault(&o.RetrySpacing, time.Second)
	setDefault(&o.CallbackTimeout, 5*time.Second)
	setDefault(&o.VerifyTimeout, time.Second)
	setDefault(&o.MoveTimeout, 60*time.Second)
	setDefault(&o.WorkerGone, 3*time.Second)
	setDefault(&o.Concurrency, 256)
	setDefault(&o.QueueLimit, 20000)
	setDefault(&o.TrafficLimit, 2000)
	setDefault(&o.ChatLimit, 500)
	setDefault(&o.MediaLimit, 256<<20)
	setDefault(&o.AccountCap, 1000)
	setDefault(&o.WrongSecretLimit, 20)
	if o.Location == nil {
		o.Location = time.FixedZone("CST", 8*3600)
	}
	if o.Company == nil {
		o.Company = ExampleCompany()
	}
	if o.Templates == nil {
		o.Templates = ExampleTemplates()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

func setDefault[T int | int64 | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// checkReceiver applies callbacks.md 1.5 and 2.6 to one receiver's settings.
func checkReceiver(token, key, callback string) error {
	if callback == "" && token == "" && key == "" {
		return nil
	}
	if !tokenForm.MatchString(token) {
		return fmt.Errorf("Token needs 1–32 letters and digits")
	}
	if !aesKeyForm.MatchString(key) {
		return fmt.Errorf("EncodingAESKey needs exactly 43 letters and digits")
	}
	if callback == "" {
		return nil
	}
	u, err := url.Parse(callback)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("callback URL %q needs http:// or https:// and a host", callback)
	}
	return nil
}
