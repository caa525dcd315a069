package approval

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/request"
	"guiju/callback/event"
	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom"
)

// Native is what is decided in WeCom's own 审批 app, be it started there
// by hand or submitted by us: callbacks only say that something has changed, a
// job reads the detail and package request mirrors it. Its files: native_case.go
// turns a detail into a case, native_sync.go finds what callbacks missed,
// native_form.go maps forms to controls, native_submit.go submits.
type Native struct {
	db       *store.DB
	apps     []string
	apis     map[string]NativeAPI
	requests *request.Requests
	people   *people.People
	notify   *notify.Notifier
	rules    notify.Rules
	files    func(path string) (io.ReadCloser, error)
	log      *slog.Logger

	mu        sync.Mutex
	templates map[string]cachedTemplate
}

// NativeAPI is the part of the WeCom client that approvals need.
type NativeAPI interface {
	TemplateDetail(ctx context.Context, id string) (wecom.ApprovalTemplate, error)
	Apply(ctx context.Context, a wecom.Application) (string, error)
	ApprovalNumbers(ctx context.Context, q wecom.ApprovalQuery) (wecom.ApprovalPage, error)
	ApprovalDetail(ctx context.Context, spNo string) (wecom.Approval, error)
	OpenApproval(ctx context.Context, thirdNo string) (wecom.Approval, error)
	UploadMedia(ctx context.Context, kind wecom.MediaKind, name string, r io.Reader) (wecom.Media, error)
}

// NativeOptions are what it is built from.
type NativeOptions struct {
	DB       *store.DB
	Apps     []string // in the order of config.yaml
	APIs     map[string]NativeAPI
	Requests *request.Requests
	People   *people.People
	Notify   *notify.Notifier
	Rules    notify.Rules
	Files    func(path string) (io.ReadCloser, error) // opens what members sent, by its place in media.dir
	Log      *slog.Logger
}

// NewNative builds it.
func NewNative(o NativeOptions) *Native {
	n := &Native{
		db: o.DB, apps: o.Apps, apis: o.APIs, requests: o.Requests, people: o.People, notify: o.Notify, rules: o.Rules, files: o.Files,
		log: o.Log, templates: map[string]cachedTemplate{},
	}
	o.Requests.OnNativeSubmitted(n.submitLater)
	return n
}

// Register gives the queue the workers.
func (n *Native) Register(q *queue.Queue) {
	queue.Register(q, n.read)
	queue.Register(q, n.sync, queue.Timeout(nativeRun))
	queue.Register(q, n.submit, queue.Timeout(nativeRun))
}

const (
	// nativeRun bounds one run of a job that makes several calls.
	nativeRun = 2 * time.Minute
	// nativeSettle is after how long a reading that an event caused is repeated: a
	// callback may come before the data it tells of (callbacks.md 7, 35).
	nativeSettle = time.Minute
	readTries    = 8
)

// ReadNative is the job that reads one case from WeCom and mirrors it.
type ReadNative struct {
	System store.NativeSystem `json:"system"`
	Ref    string             `json:"ref"` // sp_no or ThirdNo
	App    string             `json:"app"` // that was told of it
}

// Kind implements store.JobArgs.
func (ReadNative) Kind() string { return "approval.read_native" }

// Told takes an event about an approval at WeCom. It only says that something
// has changed: events come in any order, twice, once for each app, and their
// contents are never taken over (S04 AE).
func (n *Native) Told(tx *store.Tx, app string, ev event.Event) error {
	args := ReadNative{App: app}
	switch e := ev.(type) {
	case *event.SysApproval:
		args.System, args.Ref = store.NativeApproval, e.Number
	case *event.OpenApproval:
		args.System, args.Ref = store.NativeOpen, e.ThirdNo
	default:
		return nil
	}
	if args.Ref == "" || len(args.Ref) > 256 {
		n.log.Warn("an approval event names no form", "app", app)
		return nil // kept with its delivery
	}
	if err := n.readNow(tx, args); err != nil {
		return err
	}
	_, err := tx.Enqueue(args, store.Unique("settled:"+args.key()), store.At(tx.Now().Add(nativeSettle)), store.MaxAttempts(readTries))
	return err
}

func (r ReadNative) key() string { return request.NativeNumber(r.System, r.Ref) }

// readNow reads a case once, however many ask for it; one that is being read is
// read again.
func (n *Native) readNow(tx *store.Tx, args ReadNative) error {
	_, err := tx.Enqueue(args, store.Unique(args.key()), store.MaxAttempts(readTries))
	return err
}

func (n *Native) read(ctx context.Context, job *queue.Job, args ReadNative) queue.Outcome {
	app, detail, err := n.detail(ctx, args)
	if err != nil {
		return n.later(job, fmt.Errorf("read approval %s: %w", args.Ref, err))
	}
	return n.mirrored(ctx, job, args, app, detail)
}

// detail reads a case with the app that was told of it, else with another that
// may read it.
func (n *Native) detail(ctx context.Context, args ReadNative) (app string, detail wecom.Approval, err error) {
	order := append([]string{args.App}, n.apps...)
	err = fmt.Errorf("no app is named %q", args.App)
	for i, name := range order {
		api := n.apis[name]
		if api == nil || slices.Index(order, name) < i {
			continue
		}
		if args.System == store.NativeOpen {
			detail, err = api.OpenApproval(ctx, args.Ref)
		} else {
			detail, err = api.ApprovalDetail(ctx, args.Ref)
		}
		if err == nil || wecom.CodeOf(err) != wecom.CodeApprovalRight {
			return name, detail, err
		}
	}
	return args.App, detail, err
}

// errUnderWay says that a form may be one of ours whose submission has not been
// answered yet: it is looked at again.
var errUnderWay = errors.New("a submission of the same form is under way")

func (n *Native) mirrored(ctx context.Context, job *queue.Job, args ReadNative, app string, detail wecom.Approval) queue.Outcome {
	err := job.InTx(ctx, func(tx *store.Tx) error {
		_, err := n.take(tx, args.System, app, detail)
		return err
	})
	switch {
	case errors.Is(err, errUnderWay):
		return queue.Snooze(n.db.Now().Add(underWayPause))
	case errors.Is(err, errStrange):
		return queue.Bury(err)
	case err != nil:
		return queue.Retry(err)
	}
	return queue.Done()
}

// later is the outcome of a call that failed. A frequency limit is waited for;
// what no repetition mends is set aside; what an administrator has to change he
// is told.
func (n *Native) later(job *queue.Job, err error) queue.Outcome {
	switch wecom.ClassOf(err) {
	case wecom.Throttled:
		return queue.Snooze(n.db.Now().Add(max(wecom.RetryAfter(err), time.Second)))
	case wecom.Permanent:
		return queue.Bury(err)
	case wecom.Misconfigured:
		return queue.Retry(err, func(tx *store.Tx) error { return n.tellMisconfigured(tx, err) })
	default:
		return queue.Retry(err)
	}
}

// tellMisconfigured tells IT, once a day, what to change in the console.
func (n *Native) tellMisconfigured(tx *store.Tx, why error) error {
	remedy, ok := wecom.RemedyOf(why)
	if !ok {
		return nil
	}
	code := wecom.CodeOf(why)
	return n.tellIT(tx, store.Subject{Kind: "system"}, fmt.Sprintf("【审批接口】应用不能使用企业微信的审批接口（错误 %d）：%s\n位置：管理后台 → %s。\n改好后会自动补读，不会遗漏。",
		code, remedy.Action, remedy.Page), fmt.Sprintf("native.misconfigured:%d:%s", code, tx.Now().UTC().Format("20060102")))
}

func (n *Native) tellIT(tx *store.Tx, about store.Subject, text, unique string) error {
	administrators, err := n.people.Administrators(&tx.Reader)
	if err != nil {
		return err
	}
	return n.notify.Tell(tx, notify.Notice{To: administrators, Purpose: "fault", Subject: about, Text: text, Important: true, Unique: unique})
}
