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
			Name: "J-PERM-REVIEW", Title: "开始季度权限审查", Clause: "G1-4.3.2(3)b", When: schedule.FirstWorkday(schedule.Quarter, "09:00"),
			Run: func(tx *store.Tx, p schedule.Period) (string, error) { return a.permissions.BeginReview(tx, p.Key) },
		},
		schedule.Job{
			Name: "J-ROLE-REVIEW", Title: "开始季度角色与责任矩阵审查，与权限审查一并进行", Clause: "G1-4.2.1(四)", When: schedule.FirstWorkday(schedule.Quarter, "09:00"),
			Run: a.beginRoleReview,
		},
		schedule.Job{
			Name: "J-CONTACT-SYNC", Title: "与企业微信核对通讯录", Clause: "G1-2f", When: schedule.Daily("03:00"),
			Run: func(tx *store.Tx, _ schedule.Period) (string, error) {
				return "已开始核对，结果见 guiju members list", a.people.CompareLater(tx)
			},
		},
		a.natives.Job(),
		a.account.Job(),
	)
}

// beginRoleReview begins the review of roles and of responsibility matrices.
func (a *App) beginRoleReview(tx *store.Tx, p schedule.Period) (string, error) {
	roles, err := a.permissions.BeginReview(tx, p.Key)
	if err != nil {
		return "", err
	}
	matrices, err := a.duty.BeginReview(tx, p.Key)
	return roles + "；" + matrices, err
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
