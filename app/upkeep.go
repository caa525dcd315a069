package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"guiju/app/doctor"
	"guiju/app/notify"
	"guiju/callback"
	"guiju/callback/envelope"
	"guiju/store"
)

const (
	beatEvery = 5 * time.Second // machine time between reports to the other replicas
	tickEvery = time.Minute     // machine time between rounds of upkeep

	// spoolSeen is how long the report of a replica counts: one that died with
	// callbacks in its spool holds the deadlines of the others no longer.
	spoolSeen = 10 * time.Minute
	// replicasKept is how long a silent replica stays listed.
	replicasKept = 24 * time.Hour
	// skewAllowed is how far this machine's clock may be from the database's.
	skewAllowed = 2 * time.Second
	// refusalsKept is how long daily counts of refusals stay readable.
	refusalsKept = 90 * 24 * time.Hour
	// keptWebTokens is how long a form that was submitted is known: longer than
	// the session it belongs to.
	keptWebTokens = 48 * time.Hour
	// purgeRounds bounds one round's work on each kind of old row: 200 rows a
	// transaction, so 10,000 rows a minute.
	purgeRounds = 50
)

// upkeep runs the work that comes round by the clock, until ctx ends. It is
// driven by machine time; what is due is asked of business time.
func (a *App) upkeep(ctx context.Context) {
	var rounds sync.WaitGroup
	rounds.Go(func() { a.every(ctx, beatEvery, a.beat) })
	rounds.Go(func() { a.every(ctx, tickEvery, a.Tick) }) // a long purge must not silence the beat
	rounds.Wait()
	a.leave(context.WithoutCancel(ctx))
}

// every runs a round now and then again and again.
func (a *App) every(ctx context.Context, pause time.Duration, round func(context.Context) error) {
	next := time.NewTicker(pause)
	defer next.Stop()
	for {
		a.note(ctx, round(ctx))
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
	}
}

// note logs what went wrong; the next round tries again.
func (a *App) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		a.log.Warn("upkeep", "err", err)
	}
}

// beat tells the other replicas of this one, hears of them, follows the
// rulebook, with everybody's roles, and stores what the doctor asks for, so that nobody who has just
// pressed 保存 on the console waits for it.
func (a *App) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, beatEvery)
	defer cancel()
	return errors.Join(a.reportReplica(ctx), a.followRulebook(ctx), a.adoptTemplates(ctx), a.deriveAccess(ctx), a.flushRefusals(ctx), a.flushVerified(ctx))
}

// adoptTemplates stores the approval processes of the rulebook in force, once
// for each version, and notes which of them apply now: the day of one that was
// stored for later may have come.
func (a *App) adoptTemplates(ctx context.Context) error {
	rules := a.rules.Load()
	if version := int64(rules.Version()); a.adoptedBy.Load() != version {
		if err := a.db.InBackground(ctx, func(tx *store.Tx) error { return a.requests.Adopt(tx, rules) }); err != nil {
			return fmt.Errorf("adopt approval templates: %w", err)
		}
		a.adoptedBy.Store(version)
	}
	return a.approvals.Refresh(a.db.Reader(ctx))
}

// deriveAccess has everybody's roles derived anew, once, when another rulebook
// has come into force.
func (a *App) deriveAccess(ctx context.Context) error {
	version := int64(a.rules.Load().Version())
	if a.derivedBy.Load() == version {
		return nil
	}
	if err := a.db.InBackground(ctx, a.people.RulesInForce); err != nil {
		return fmt.Errorf("derive roles: %w", err)
	}
	a.derivedBy.Store(version)
	return nil
}

// Tick runs one round of upkeep now. It waits for one that is under way.
func (a *App) Tick(ctx context.Context) error {
	a.ticking.Lock()
	defer a.ticking.Unlock()
	return a.tick(ctx)
}

// tick is one round of upkeep. Each step is bounded, and none keeps the others
// from their turn.
func (a *App) tick(ctx context.Context) error {
	var errs []error
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"refusal alert", a.alertRefusals},
		{"audit", a.sealAudit},
		{"holidays", a.alarmHolidays},
		{"purge", a.purge},
	} {
		if ctx.Err() != nil {
			break
		}
		if err := step.do(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.name, err))
		}
	}
	return errors.Join(errs...)
}

// reportReplica publishes how many callbacks wait in this process's spool and
// how far its clock is from the database's, and reads the same of the others.
func (a *App) reportReplica(ctx context.Context) error {
	skew, err := a.skewNow(ctx)
	if err != nil {
		return err
	}
	if was := time.Duration(a.skew.Swap(int64(skew))); skew.Abs() > skewAllowed && was.Abs() <= skewAllowed {
		a.log.Warn("this machine's clock differs from the database's, whose time counts", "skew", skew.Round(time.Millisecond))
	}
	if a.db.Dialect() == "sqlite" {
		return nil // one process: nobody to tell
	}
	err = a.db.InBackground(ctx, func(tx *store.Tx) error {
		return tx.ReportReplica(store.Replica{
			ID: a.instance, Name: a.replica, SpoolDepth: int64(a.spool.Len()), SkewMS: skew.Milliseconds(),
		})
	})
	if err != nil {
		return err
	}
	replicas, err := a.db.Reader(ctx).Replicas(spoolSeen)
	if err != nil {
		return err
	}
	a.othersSpool.Store(slices.ContainsFunc(replicas, func(r store.Replica) bool {
		return r.ID != a.instance && r.SpoolDepth > 0
	}))
	return nil
}

// skewNow is this machine's clock minus the database's, measured at the middle
// of the question.
func (a *App) skewNow(ctx context.Context) (time.Duration, error) {
	before := a.machine()
	server, err := a.db.ServerTime(ctx)
	if err != nil {
		return 0, err
	}
	after := a.machine()
	return before.Add(after.Sub(before) / 2).Sub(server), nil
}

// holdDeadlines answers whether deadline jobs must wait: an answer may still
// lie in a spool, this one or another replica's.
func (a *App) holdDeadlines() bool { return a.othersSpool.Load() || a.inbox.holdsDeadlines() }

// leave takes this process off the list and stores its last counts.
func (a *App) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	err := errors.Join(a.flushRefusals(ctx), a.flushVerified(ctx), a.db.InBackground(ctx, func(tx *store.Tx) error {
		return tx.RemoveReplica(a.instance)
	}))
	if err != nil {
		a.log.Warn("leave", "err", err)
	}
}

// flushVerified stores when callback URLs were verified last.
func (a *App) flushVerified(ctx context.Context) error {
	last := a.verified.take()
	if len(last) == 0 {
		return nil
	}
	err := a.db.InBackground(ctx, func(tx *store.Tx) error { return doctor.RecordVerified(tx, last) })
	if err != nil {
		a.verified.giveBack(last)
	}
	return err
}

// flushRefusals stores the counts gathered since the last round.
func (a *App) flushRefusals(ctx context.Context) error {
	list := a.refusals.take()
	if len(list) == 0 {
		return nil
	}
	err := a.db.InBackground(ctx, func(tx *store.Tx) error { return tx.AddRefusals(list) })
	if err != nil {
		a.refusals.giveBack(list)
	}
	return err
}

// alertRefusals tells the administrators when requests fail the proof too often
// (account.bad_signature_alert), at most once in a window.
func (a *App) alertRefusals(ctx context.Context) error {
	rule := a.rules.Load().Rules().Account.BadSignatureAlert
	if rule.Count <= 0 || rule.Minutes <= 0 {
		return nil
	}
	window, now := time.Duration(min(rule.Minutes, alertMinutes))*time.Minute, a.db.Now()
	if now.Sub(a.refusals.alertedAt) < window {
		return nil
	}
	sum, what := suspicious(a.refusals.since(now.Add(-window)))
	if sum <= rule.Count { // > 20 in 10 minutes (G2-4.2(3))
		return nil
	}
	text := fmt.Sprintf("【安全提醒】最近 %d 分钟有 %d 个回调请求没有通过验证：%s。如果刚改过应用的接收消息设置，请核对 config.yaml；否则可能有人在尝试伪造，请检查网关的访问记录。详情：guiju doctor",
		rule.Minutes, sum, what)
	err := a.db.InBackground(ctx, func(tx *store.Tx) error {
		return a.tellAdministrators(tx, notify.Notice{
			Purpose: "refusals", Subject: systemSubject, Text: text, Unique: fmt.Sprintf("refusals:%d", now.Unix()/int64(window/time.Second)),
		})
	})
	if err == nil {
		a.refusals.alertedAt = now
		a.log.Warn("many refused callbacks", "count", sum, "minutes", rule.Minutes)
	}
	return err
}

// suspicious sums the refusals of configured receivers that failed the proof.
// Requests for other paths, or that are none WeCom sends, are noise of the net.
func suspicious(counts map[refusal]int) (sum int, what string) {
	failed := map[string]int{} // receiver and cause in words
	for r, n := range counts {
		if r.receiver == callback.UnknownReceiver || !envelope.FailedProof(r.reason) {
			continue
		}
		sum += n
		failed[r.receiver+" "+proofWord(r.reason)] += n
	}
	var parts []string
	for which, n := range failed {
		parts = append(parts, fmt.Sprintf("%s %d 次", which, n))
	}
	slices.Sort(parts)
	return sum, strings.Join(parts, "，")
}

// proofWord says to an administrator which proof failed, as the doctor does.
func proofWord(reason string) string {
	switch reason {
	case "signature":
		return "签名不符"
	case "receiveid":
		return "属于另一家企业"
	}
	return "解密失败"
}

func (a *App) sealAudit(ctx context.Context) error {
	_, err := a.db.SealAudit(ctx, store.MaxTransaction)
	return err
}

// alarmHolidays tells the administrators, once a month from November on, that
// next year's holidays are unknown to the calendar.
func (a *App) alarmHolidays(ctx context.Context) error {
	calendar, now := a.rules.Load().Calendar(), a.db.Now()
	local := now.In(calendar.Location())
	for _, year := range calendar.MissingYears(now) {
		if year > local.Year() && local.Month() < time.November {
			continue // not announced yet
		}
		text := fmt.Sprintf("【日历】还没有 %d 年的法定节假日数据，当年节假日会按普通工作日计算时限。请升级程序，或在规则文件的 calendar.holidays 和 calendar.makeup_workdays 中填写。", year)
		err := a.db.InBackground(ctx, func(tx *store.Tx) error {
			return a.tellAdministrators(tx, notify.Notice{
				Purpose: "holidays", Subject: systemSubject, Text: text, Unique: fmt.Sprintf("holidays:%d:%s", year, local.Format("200601")),
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// purge forgets what the company does not keep (design: privacy): plaintexts,
// messages, questions, files, titles in hand-overs and what ended account
// applications say after retention.message_bodies, delivery keys, replies and
// events of the contacts after 30 days or as long as plaintexts, archived
// communication after archive.comm_years, half-filled forms when they expire.
func (a *App) purge(ctx context.Context) error {
	now, retention := a.db.Now(), a.cfg.Retention.MessageBodies
	bodies, keys := now.Add(-retention), now.Add(-max(keptKeys, retention))
	archived := now.AddDate(-max(1, a.rules.Load().Rules().Archive.CommYears), 0, 0)
	_, _, err := a.db.PurgeDeliveries(ctx, keys, bodies)
	errs := []error{err}
	for _, old := range []func(tx *store.Tx) (int, error){
		func(tx *store.Tx) (int, error) { return tx.ForgetConversations(now) },
		func(tx *store.Tx) (int, error) { return tx.PurgeMessages(bodies) },
		func(tx *store.Tx) (int, error) { return tx.PurgeQuestions(bodies) },
		func(tx *store.Tx) (int, error) { return tx.PurgeItems(bodies, archived) },
		func(tx *store.Tx) (int, error) { return tx.PurgeRequests(bodies, archived) },
		func(tx *store.Tx) (int, error) { return tx.PurgeTasks(bodies) },
		func(tx *store.Tx) (int, error) { return tx.PurgeHandOverWorks(bodies) },
		func(tx *store.Tx) (int, error) { return tx.PurgeAccountApplications(bodies) },
		func(tx *store.Tx) (int, error) { return tx.PurgeContactEvents(keys) },
		func(tx *store.Tx) (int, error) { return tx.PurgeJobRuns(archived, keys) },
		func(tx *store.Tx) (int, error) { return tx.PurgeWeb(now, now.Add(-keptWebTokens)) },
	} {
		errs = append(errs, a.inBatches(ctx, old))
	}
	errs = append(errs, a.purgeMedia(ctx, bodies, archived))
	errs = append(errs, a.db.InBackground(ctx, func(tx *store.Tx) error {
		if err := tx.PurgeRefusals(now.Add(-refusalsKept).In(a.db.Zone()).Format("20060102")); err != nil {
			return err
		}
		return tx.PurgeReplicas(replicasKept)
	}))
	return errors.Join(errs...)
}

// inBatches repeats a bounded transaction until nothing old is left, or until
// the round has done its share.
func (a *App) inBatches(ctx context.Context, old func(tx *store.Tx) (int, error)) error {
	for range purgeRounds {
		var n int
		err := a.db.InBackground(ctx, func(tx *store.Tx) (err error) {
			n, err = old(tx)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
	return nil
}
