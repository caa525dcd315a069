package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"guiju/app"
	"guiju/store"
)

func newMembers() *cobra.Command {
	return parent("members", "通讯录：同步和列出成员", newMembersSync(), newMembersList())
}

func newMembersSync() *cobra.Command {
	return &cobra.Command{
		Use:   "sync",
		Short: "从企业微信读取全部部门和成员",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				done, err := ad.SyncMembers(ctx)
				if err != nil {
					return fmt.Errorf("同步通讯录：%w", advise(err))
				}
				fmt.Fprintln(cmd.OutOrStdout(), done)
				return nil
			})
		},
	}
}

func newMembersList() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "列出成员",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				return listMembers(cmd, ad.DB().Reader(ctx), ad.DB().Zone(), all)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "也列出已离开的成员")
	return cmd
}

func listMembers(cmd *cobra.Command, r *store.Reader, zone *time.Location, all bool) error {
	departments, err := r.Departments()
	if err != nil {
		return err
	}
	names := make(map[int64]string, len(departments))
	for _, d := range departments {
		names[d.ID] = d.Name
	}
	day := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.In(zone).Format(time.DateOnly)
	}
	lines := [][]string{{"账号", "状态", "姓名", "部门", "职务", "加入", "离开", "最近使用"}}
	for last := int64(0); ; {
		page, err := r.MembersAfter(last, 500)
		if err != nil {
			return err
		}
		for _, m := range page {
			last = m.ID
			if all || m.Present() {
				lines = append(lines, []string{
					m.UserID, stateOf(m), m.Name, names[m.MainDepartment], m.Position, day(m.JoinedAt), day(m.LeftAt), day(m.SeenAt),
				})
			}
		}
		if len(page) == 0 {
			return table(cmd.OutOrStdout(), lines)
		}
	}
}

func stateOf(m store.Member) string {
	state := memberState[m.Status]
	if m.SuspendedAt != nil {
		state += "（已挂失）"
	}
	if m.Present() && !m.Visible {
		state += "（不在可见范围）"
	}
	return state
}

var memberState = map[store.MemberStatus]string{
	store.MemberActive: "在职", store.MemberDisabled: "已禁用", store.MemberInactive: "未激活",
	store.MemberLeft: "已离开", store.MemberProvisional: "待读取",
}
