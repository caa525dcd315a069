package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"guiju/app/approval"
	"guiju/app/config"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/rulebook"
	"guiju/store"
	"guiju/wecom"
)

// Admin does what the command line asks for: it has the database, the rules and
// the clients, but neither receivers nor spool nor a running queue, so it works
// beside a running process. Jobs it leaves behind are run by that one.
type Admin struct{ a *App }

// OpenAdmin opens the database as it is: it never changes the schema.
func OpenAdmin(ctx context.Context, cfg config.Config, o Options) (*Admin, error) {
	a := newApp(cfg, o)
	ad := &Admin{a}
	if err := ad.build(ctx, o); err != nil {
		return nil, errors.Join(err, ad.Close())
	}
	return ad, nil
}

func (ad *Admin) build(ctx context.Context, o Options) error {
	a := ad.a
	if err := a.buildStore("manual"); err != nil {
		return SetupError{err}
	}
	if err := a.db.Ready(ctx); err != nil {
		return err
	}
	a.queue = newQueue(a, o)
	if a.cfg.Ready() == nil { // else only what needs no WeCom works
		if err := a.buildClients(o); err != nil {
			return err
		}
	}
	if err := a.buildDomains(); err != nil {
		return err
	}
	err := a.followRulebook(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil // never started yet: the file's rules
	}
	return err
}

// SetupError is a mistake in the configuration.
type SetupError struct{ error }

func (e SetupError) Unwrap() error { return e.error }

// Close frees what OpenAdmin took.
func (ad *Admin) Close() error { return ad.a.unwind(context.Background()) }

// Migrate brings the schema of the configured database to this program's
// version and answers the migrations it applied.
func Migrate(ctx context.Context, cfg config.Config, o Options) (applied []int, err error) {
	a := newApp(cfg, o)
	defer func() { err = errors.Join(err, a.unwind(context.Background())) }()
	if err := a.buildStore("auto"); err != nil {
		return nil, SetupError{err}
	}
	return a.db.Migrate(ctx)
}

// ApprovalGaps resolves every actor of every approval process of these rules for
// every department and applicant of the member mirror, and answers who cannot be
// found. This Admin goes by these rules from then on.
func (ad *Admin) ApprovalGaps(ctx context.Context, rules *policy.Engine) (approval.Gaps, error) {
	ad.a.rules.Store(rules)
	return ad.a.approvals.Gaps(ad.a.db.Reader(ctx))
}

// DB is the database, for reading.
func (ad *Admin) DB() *store.DB { return ad.a.db }

// Rules are the rules in force.
func (ad *Admin) Rules() *policy.Engine { return ad.a.rules.Load() }

// Org is the company as the policy sees it.
func (ad *Admin) Org(ctx context.Context) (*policy.Org, error) {
	return ad.a.people.Org(ad.a.db.Reader(ctx))
}

// Client is the client of an app of the configuration.
func (ad *Admin) Client(name string) (*wecom.Client, error) {
	if err := ad.a.cfg.Ready(); err != nil {
		return nil, err
	}
	client, ok := ad.a.clients[name]
	if !ok {
		return nil, fmt.Errorf("config.yaml 里没有名为 %s 的应用", name)
	}
	return client, nil
}

// SyncMembers compares the mirror of the contacts with WeCom.
func (ad *Admin) SyncMembers(ctx context.Context) (people.Compared, error) {
	if err := ad.a.cfg.Ready(); err != nil {
		return people.Compared{}, err
	}
	return ad.a.people.Sync(ctx)
}

// RetryJob makes a job that was set aside run again.
func (ad *Admin) RetryJob(ctx context.Context, id int64) (store.Job, error) {
	return ad.changeJob(ctx, id, "job.retry", (*store.Tx).RetryJob)
}

// DropJob gives a job up for good.
func (ad *Admin) DropJob(ctx context.Context, id int64) (store.Job, error) {
	return ad.changeJob(ctx, id, "job.drop", (*store.Tx).DropJob)
}

func (ad *Admin) changeJob(ctx context.Context, id int64, action string, change func(*store.Tx, int64) (store.Job, error)) (store.Job, error) {
	var job store.Job
	err := ad.a.db.InTx(ctx, func(tx *store.Tx) error {
		var err error
		if job, err = change(tx, id); err != nil {
			return err
		}
		return tx.Audit(store.AuditEntry{
			Action: action, Source: store.SourceCommand, Subject: store.Subject{Kind: "job", ID: id},
			Detail: map[string]any{"kind": job.Kind, "state": string(job.State)},
		})
	})
	return job, err
}

// ErrHandled refuses to replay a delivery whose effects are committed.
var ErrHandled = errors.New("delivery is handled already")

// Replay has a delivery handled again that was not handled yet. One that was is
// refused: doing its effects twice would break the books.
func (ad *Admin) Replay(ctx context.Context, id int64) error {
	return ad.a.db.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.Lock("deliveries", id); err != nil {
			return err
		}
		d, err := tx.Delivery(id)
		if err != nil {
			return err
		}
		if d.State == store.DeliveryDone {
			return ErrHandled
		}
		if len(d.Raw) == 0 {
			return fmt.Errorf("delivery %d: its body has been purged", id)
		}
		if _, err := tx.Enqueue(HandleEvent{Delivery: id}, store.Unique(strconv.FormatInt(id, 10))); err != nil {
			return err
		}
		return tx.Audit(store.AuditEntry{
			Action: "delivery.replay", Source: store.SourceCommand, Subject: store.Subject{Kind: "delivery", ID: id}, EventKey: d.Key,
		})
	})
}

// Book is a stored rulebook version; 0 is the one in force.
func (ad *Admin) Book(ctx context.Context, version int64) (*rulebook.Book, store.Rulebook, error) {
	r := ad.a.db.Reader(ctx)
	var row store.Rulebook
	var err error
	if version == 0 {
		row, err = r.ActiveRulebook(r.Now())
	} else {
		row, err = r.Rulebook(version)
	}
	if err != nil {
		return nil, row, err
	}
	book, err := bookOf(row)
	return book, row, err
}

// ImportRulebook proposes a rulebook file: what the guide does not state takes
// effect, changed guide values wait for approval.
func (ad *Admin) ImportRulebook(ctx context.Context, book *rulebook.Book) (Proposed, error) {
	var proposed Proposed
	err := ad.a.db.InTx(ctx, func(tx *store.Tx) error {
		var err error
		if proposed, err = propose(tx, book, store.SourceCommand, true); err != nil {
			return err
		}
		return ad.a.tellPending(tx, proposed)
	})
	return proposed, err
}

// ApproveRulebook puts a pending version in force on behalf of a member.
func (ad *Admin) ApproveRulebook(ctx context.Context, version int64, userid string, effective time.Time) (rulebook.Version, error) {
	var v rulebook.Version
	var refused error
	err := ad.a.db.InTx(ctx, func(tx *store.Tx) error {
		var err error
		v, err = ad.a.approveRulebook(tx, version, userid, effective)
		if _, ok := errors.AsType[NotAllowed](err); ok {
			refused = err
			return nil // so that the refusal stays on record
		}
		refused = nil
		return err
	})
	return v, errors.Join(err, refused)
}
