package app

import (
	"context"
	"fmt"

	"guiju/app/schedule"
	"guiju/store"
)

// addJobs says what comes round by the calendar and whose work it is.
func (a *App) addJobs() {
	a.schedule.Add(
		schedule.Job{
			Name: "J-CONTACT-SYNC", Title: "与企业微信核对通讯录", Clause: "G1-2f", When: schedule.Daily("03:00"),
			Run: func(tx *store.Tx, _ schedule.Period) (string, error) {
				return "已开始核对，结果见 guiju members list", a.people.CompareLater(tx)
			},
		},
	)
}

// ensureJobs sets the timers of what comes round next.
func (a *App) ensureJobs(ctx context.Context) error {
	if err := a.db.InBackground(ctx, a.schedule.Ensure); err != nil {
		return fmt.Errorf("calendar of jobs: %w", err)
	}
	return nil
}

// Calendar is the supervision calendar at a glance (guide E2.J).
func (ad *Admin) Calendar(ctx context.Context) ([]schedule.Line, error) {
	return ad.a.schedule.Lines(ad.a.db.Reader(ctx))
}
