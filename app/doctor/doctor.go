// Package doctor finds out why guiju does not work: it tries everything that
// config.yaml promises, for real, and says of each failure which page of the
// admin console to open and what to do there.
package doctor

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"guiju/app/config"
	"guiju/app/rulebook"
	"guiju/store"
)

// Finding is the result of one check.
type Finding struct {
	Title  string // what was checked: "应用「assistant」的凭证"
	OK     bool
	Left   bool   // OK only because there was nothing to check it by
	Hint   bool   // OK, and worth a look: it has Page and Remedy and fails nothing
	Detail string // what was found, in Chinese
	Page   string // console page to open, or the file to change; empty when OK
	Remedy string // what to do there; empty when OK
}

// Surroundings are what a run is lent.
type Surroundings struct {
	Config    config.Config
	Transport http.RoundTripper // for the checks over HTTP; nil: a transport of its own
	Machine   func() time.Time  // nil: time.Now
}

// Pages that are not of the admin console.
const (
	pageConfig   = "config.yaml"
	pageRulebook = "规则文件（config.yaml 的 rulebook）"
	pageServer   = "服务器"
	pageReceive  = "应用管理 → 应用 → 接收消息"
	pageContacts = "管理工具 → 通讯录同步"
	pageCorp     = "我的企业 → 企业信息"
)

const (
	runLimit   = 2 * time.Minute  // for all checks together
	checkLimit = 10 * time.Second // for one
)

// doctor is one run.
type doctor struct {
	Surroundings
	http *http.Client
	book *rulebook.Book
	db   *store.DB // nil when it cannot be read
}

// Run does every check and answers the findings. It ends with ctx.
func Run(ctx context.Context, s Surroundings) []Finding {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	if s.Machine == nil {
		s.Machine = time.Now
	}
	if s.Transport == nil {
		transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSHandshakeTimeout: checkLimit}
		defer transport.CloseIdleConnections()
		s.Transport = transport
	}
	d := &doctor{Surroundings: s, http: &http.Client{
		Transport: s.Transport, Timeout: checkLimit,
		// WeCom does not follow redirects of a callback URL either.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var all []Finding
	all = append(all, d.settings()...)
	all = append(all, d.rulebookFile())
	all = append(all, d.database(ctx)...)
	if d.db != nil {
		defer d.db.Close()
	}
	all = append(all, d.redis(ctx), d.spool(), d.clock(ctx))
	for i := range s.Config.WeCom.Apps {
		all = append(all, d.app(ctx, s.Config.WeCom.Apps[i])...)
	}
	all = append(all, d.contacts(ctx)...)
	return append(all, d.rules(ctx)...)
}

// Print writes the findings and answers whether all are well.
func Print(w io.Writer, findings []Finding) bool {
	well := true
	for _, f := range findings {
		if f.Left {
			fmt.Fprintf(w, "－ %s：%s\n", f.Title, f.Detail)
			continue
		}
		if f.Hint {
			fmt.Fprintf(w, "！ %s：%s\n    打开：%s\n    处理：%s\n", f.Title, f.Detail, f.Page, f.Remedy)
			continue
		}
		if f.OK {
			fmt.Fprintf(w, "✓ %s：%s\n", f.Title, f.Detail)
			continue
		}
		well = false
		fmt.Fprintf(w, "✗ %s：%s\n    打开：%s\n    处理：%s\n", f.Title, f.Detail, f.Page, f.Remedy)
	}
	return well
}

func fine(title, format string, args ...any) Finding {
	return Finding{Title: title, OK: true, Detail: fmt.Sprintf(format, args...)}
}

func unchecked(title, detail string) Finding {
	return Finding{Title: title, OK: true, Left: true, Detail: detail}
}

func hint(title, detail, page, remedy string) Finding {
	return Finding{Title: title, OK: true, Hint: true, Detail: detail, Page: page, Remedy: remedy}
}

func bad(title, detail, page, remedy string) Finding {
	return Finding{Title: title, Detail: detail, Page: page, Remedy: remedy}
}

// settings reports what config.yaml still lacks.
func (d *doctor) settings() []Finding {
	const title = "配置"
	if err := d.Config.Ready(); err != nil {
		return []Finding{bad(title, err.Error(), pageConfig, "按提示填写，再运行 guiju check。")}
	}
	return []Finding{fine(title, "需要的都已填写")}
}

// quiet is the logger of the parts the doctor borrows: it reports by findings.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
