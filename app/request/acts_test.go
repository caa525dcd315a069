package request_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/request"
	"guiju/callback/event"
	"guiju/store"
	"guiju/wecom/card"
)

func TestS04_RejectingOffersTheCommonReasonsAndNothingIsFinalBefore(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		told := c.presses("魏伟", "驳回")
		require.Contains(c.t, told, "1. 信息不完整\n2. 金额或日期有误")
		require.Contains(c.t, told, "也可以直接写。")
		require.Equal(c.t, "running current waiting waiting", c.states(n))
		c.says("魏伟", "取消")
		require.Equal(c.t, "running current waiting waiting", c.states(n), "left open, it is not decided")
		c.presses("魏伟", "驳回")
		require.Contains(c.t, c.says("魏伟", "3"), "【已受理】"+n+" 已驳回")
		require.Len(c.t, c.gets("赵六", "【已驳回】"+n+"「账号申请：新人甲」被魏伟驳回（部门负责人）。\n意见：缺少附件"), 1)
		n = c.submits(nil)
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 驳回"), "【请补充】意见")
		require.Contains(c.t, c.says("魏伟", "名额已满"), "已驳回")
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 驳回"), "已经驳回")
	})
}

func TestS04_TransferByButtonAndByWords(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		require.Contains(c.t, c.presses("魏伟", "转审"), "【请补充】姓名：请问转给谁审批？")
		require.Equal(c.t, "【已受理】"+n+" 已转给高总审批，已通知申请人。", c.says("魏伟", "高总"))
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 批准"), "已经不由您处理")
		require.Len(c.t, c.gets("高总", "【转审】魏伟请您审批"+n+"「账号申请：新人甲」的「部门负责人」。"), 1)
		require.Contains(c.t, c.says("高总", "转交 "+n+" 韩梅 您更清楚"), "已转给韩梅审批")
		require.Len(c.t, c.gets("韩梅", "【转审】高总请您审批"+n+"「账号申请：新人甲」的「部门负责人」：您更清楚。"), 1)
		require.Contains(c.t, c.says("高总", "转交 "+n+" 赵六"), "【未通过】")
		require.Contains(c.t, c.presses("韩梅", "批准"), "接下来由郑十六处理")
	})
}

func TestS04_AddingApproversByWords(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		require.Contains(c.t, c.says("魏伟", "加签 "+n+" 高总 韩梅 请看"), "「韩梅」也是同事的姓名")
		require.Contains(c.t, c.says("魏伟", "加签 "+n+" 高总"), "【请补充】位置：在您之前、之后，还是和您并列？\n1. 前\n2. 后\n3. 并")
		require.Equal(c.t, "【已受理】"+n+" 已请高总先审批，之后再由您处理。", c.says("魏伟", "前"))
		require.Len(c.t, c.gets("高总", "【加签】魏伟请您先审批 "+n+"「账号申请：新人甲」。"), 1)
		require.Contains(c.t, c.presses("高总", "批准"), "【已受理】")
		require.Equal(c.t, "【已受理】"+n+" 已请高总、韩梅和您一起审批，都同意才算通过。", c.says("魏伟", "加签 "+n+" 高总、韩梅 并 请看"))
	})
}

func TestS04_ReturningAsksWhereToAndWhy(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		c.presses("魏伟", "批准")
		told := c.says("郑十六", "退回 "+n)
		require.Contains(c.t, told, "部门负责人")
		require.Contains(c.t, c.says("郑十六", "部门负责人"), "【请补充】原因")
		require.Contains(c.t, c.says("郑十六", "请核对岗位"), "已退回「部门负责人」，之后从那里重新走。")
		c.presses("魏伟", "批准")
		require.Contains(c.t, c.says("郑十六", "退回 "+n+" 部门负责人 直接回来"), "【请补充】原因")
		require.Contains(c.t, c.says("郑十六", "再核对一次"), "改好后直接回到您这里")
	})
}

func TestS04_WhatWaitsIsListedOldestFirstAndApprovedTogether(t *testing.T) {
	each(t, func(c *company) {
		require.Equal(c.t, "现在没有等您审批的申请。", c.says("魏伟", "我的审批"))
		var all []string
		for i := range 3 {
			all = append(all, c.submits(func(d *request.Draft) { d.Title = fmt.Sprint("申请第", i) }))
		}
		told := c.says("魏伟", "我的审批")
		require.Contains(c.t, told, "【等我审批】共 3 项，最早的在前\n1. "+all[0]+" 申请第0（赵六），时限 ")
		require.Less(c.t, strings.Index(told, all[0]), strings.Index(told, all[2]))
		shown := c.card("魏伟")
		require.Equal(c.t, card.KindVoteInteraction, shown.CardType)
		require.Len(c.t, shown.Checkbox.OptionList, 3)
		require.Equal(c.t, card.Choice{ID: all[0], Text: "0001 赵六 申请第0"}, shown.Checkbox.OptionList[0])

		told = c.chooses("魏伟", shown, all[0], all[2])
		require.Contains(c.t, told, "【批量批准】将批准：\n"+all[0]+" 申请第0（赵六）")
		require.Contains(c.t, told, "1. 批准这 2 项\n2. 取消")
		require.Contains(c.t, c.states(all[0]), "running current")
		told = c.says("魏伟", "1")
		require.Contains(c.t, told, "【已受理】已批准 2 项。\n"+all[0]+" 接下来由郑十六处理「人事部核实」")
		require.NotContains(c.t, told, all[1])
		require.Equal(c.t, "卡片已变化", c.chooses("魏伟", shown, all[0]), "it is no longer offered")

		require.Contains(c.t, c.says("魏伟", "批量批准 "+all[0]+" "+all[1]+" A20260302-0099"), "不能批准：\n"+all[0]+" 现在不由您审批\nA20260302-0099 没有找到")
		c.says("魏伟", "取消")
		require.Contains(c.t, c.says("魏伟", "批量批准 全部 意见:同意"), "将批准：\n"+all[1])
		late := c.submits(nil)
		require.Contains(c.t, c.says("魏伟", "1"), "已批准 1 项")
		require.Contains(c.t, c.states(late), "running current", "it came after the question")
		require.Contains(c.t, c.says("魏伟", "批量批准 "+all[0]), "【未通过】一项也不能批准")
		require.Contains(c.t, c.says("孙七", "批量批准 "+late), "没有找到")
	})
}

// chooses submits a vote card with these options.
func (c *company) chooses(who string, shown card.Content, options ...string) string {
	c.t.Helper()
	return c.acts(who, func(tx *store.Tx, from chat.From) (chat.Answer, error) {
		press, err := c.notify.Press(tx, "assistant", shown.TaskID, shown.SubmitButton.Key, fmt.Sprint("press", tx.Now().UnixNano(), who),
			event.Selection{Question: shown.Checkbox.QuestionKey, Options: options})
		if err != nil {
			return chat.Answer{}, err
		}
		if press.Stale {
			return chat.Answer{Text: "卡片已变化"}, nil
		}
		return c.engine.Press(tx, from, press.Command)
	})
}

func TestS04_ABareWordBelowACardIsProposed(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		for _, word := range []string{"批准", "同意。", "驳回"} {
			meant, err := c.requests.Propose(c.reader(), c.ids["魏伟"], word)
			require.NoError(c.t, err)
			require.Equal(c.t, n, meant.Values["编号"])
			require.Equal(c.t, strings.Trim(word, "。"), meant.Values["决定"])
		}
		meant, err := c.requests.Propose(c.reader(), c.ids["郑十六"], "批准")
		require.NoError(c.t, err)
		require.Nil(c.t, meant, "nothing waits for him")
	})
}

func TestS04_TheCardOfAStep(t *testing.T) {
	onSQLite(t, func(c *company) {
		n := c.submits(func(d *request.Draft) {
			d.Lines = []request.Line{{Key: "金额", Value: "12000元"}, {Key: "事由很长的名称", Value: strings.Repeat("长", 200)}, {Key: "三", Value: ""}, {Key: "四", Value: "不在卡片上"}}
		})
		shown := c.card("魏伟")
		got, err := json.MarshalIndent(map[string]any{
			"title": shown.MainTitle, "rows": shown.HorizontalContentList, "buttons": shown.ButtonList, "menu": shown.ActionMenu,
		}, "", " ")
		require.NoError(c.t, err)
		require.JSONEq(c.t, strings.ReplaceAll(`{
			"title": {"title": "【待办】账号申请：新人甲", "desc": "这一步：部门负责人"},
			"rows": [
				{"keyname": "编号", "value": "N"},
				{"keyname": "申请人", "value": "赵六", "type": 3, "userid": "赵六"},
				{"keyname": "时限", "value": "3月3日 10:00"},
				{"keyname": "金额", "value": "12000元"},
				{"keyname": "事由很长…", "value": "长长长长长长长长长长长长长长长长长长长长长长长长长长长长长…"},
				{"keyname": "三", "value": "-"}
			],
			"buttons": [
				{"text": "批准", "style": 1, "key": "1|审批 N 同意"},
				{"text": "驳回", "style": 2, "key": "1|审批 N 驳回"},
				{"text": "转审", "style": 3, "key": "1|转审 N"},
				{"text": "查看详情", "style": 3, "key": "1|追溯 N"}
			],
			"menu": {"desc": "更多操作", "action_list": [
				{"text": "加签", "key": "1|加签 N"}, {"text": "退回", "key": "1|退回 N"}, {"text": "评论", "key": "1|评论 N"}
			]}
		}`, "N", n), string(got))
	})
}

func TestS04_TheCardSaysWhatMattersNow(t *testing.T) {
	onSQLite(t, func(c *company) {
		n := c.submits(nil)
		require.Contains(c.t, c.card("魏伟").MainTitle.Title, "【待办】")
		c.says("赵六", "催办 "+n)
		require.Contains(c.t, c.drawn(n, "魏伟").MainTitle.Title, "【紧急】")
		late := c.submits(nil)
		c.clock.Advance(25 * time.Hour)
		c.settle()
		require.Contains(c.t, c.drawn(late, "魏伟").MainTitle.Title, "【紧急】", "past its limit")
	})
}

// drawn is the card of the current step of a request as a holder would be shown
// it now.
func (c *company) drawn(number, who string) card.Content {
	c.t.Helper()
	row, steps := c.read(number)
	for _, step := range steps {
		if step.State != store.StepCurrent {
			continue
		}
		m, err := c.reader().Member(c.ids[who])
		require.NoError(c.t, err)
		drawn, err := request.DrawStep(c.requests, c.reader(), notify.View{App: row.App, TaskID: "t1", Subject: step.Subject(), Holders: []store.Member{m}})
		require.NoError(c.t, err)
		built, err := drawn.Card.Build()
		require.NoError(c.t, err)
		return built.Content()
	}
	require.Fail(c.t, "no step is current")
	return card.Content{}
}

func TestS04_TheCardOfSeveralSaysWhoHasAgreed(t *testing.T) {
	each(t, func(c *company) {
		for _, name := range []string{"韩梅", "陈立", "王五"} {
			c.whom[people.Whom("user:"+name)] = []string{name}
		}
		for mode, want := range map[store.StepMode][2]string{
			store.StepAll:      {"会签：0/3 已同意，等王五、韩梅、陈立", "会签：1/3 已同意（王五），等韩梅、陈立"},
			store.StepSequence: {"依次：0/3 已同意，轮到王五，之后 韩梅、陈立", "依次：1/3 已同意（王五），轮到韩梅，之后 陈立"},
			store.StepShare:    {"票签，需 60% 同意：0/3 已同意，等王五、韩梅、陈立", "票签，需 60% 同意：1/3 已同意（王五），等韩梅、陈立"},
		} {
			n := c.submits(func(d *request.Draft) {
				d.Lines, d.Steps = nil, []request.Step{{
					Name: "部门", Mode: mode, Share: 60, Whom: "user:王五", Also: []people.Whom{"user:韩梅", "user:陈立"},
				}}
			})
			require.Equal(c.t, want[0], c.drawn(n, "王五").SubTitleText)
			require.Contains(c.t, c.says("王五", "审批 "+n+" 批准"), "【已受理】")
			require.Equal(c.t, want[1], c.drawn(n, "韩梅").SubTitleText)
		}
	})
}

func TestS04_TheResultLeadsOn(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		c.says("魏伟", "审批 "+n+" 驳回 "+strings.Repeat("长", 300))
		require.Len(c.t, c.gets("赵六", "【已驳回】"), 2, "the card shows the beginning, a text the whole")
		shown := c.card("赵六")
		require.Equal(c.t, "已驳回：账号申请：新人甲", shown.MainTitle.Title)
		require.Equal(c.t, "查询", shown.ButtonList[0].Text)
		require.Contains(c.t, c.presses("赵六", "查询"), n)
	})
}

// card is the newest card sent to a member.
func (c *company) card(who string) card.Content {
	c.t.Helper()
	c.platform.mu.Lock()
	defer c.platform.mu.Unlock()
	for _, s := range slices.Backward(c.platform.sent) {
		if s.Card != nil && slices.Contains(s.To, who) {
			return *s.Card
		}
	}
	require.Fail(c.t, "no card was sent to "+who)
	return card.Content{}
}

// gets answers the texts sent to a member, and the results on cards, that begin
// so.
func (c *company) gets(who, prefix string) []string {
	c.platform.mu.Lock()
	defer c.platform.mu.Unlock()
	var all []string
	for _, s := range c.platform.sent {
		text := s.Text
		if s.Card != nil {
			text = s.Card.SubTitleText // of a result
		}
		if slices.Contains(s.To, who) && text != "" && strings.HasPrefix(text, prefix) {
			all = append(all, text)
		}
	}
	return all
}

// cards counts the cards sent to a member.
func (c *company) cards(who string) (n int) {
	c.platform.mu.Lock()
	defer c.platform.mu.Unlock()
	for _, s := range c.platform.sent {
		if s.Card != nil && slices.Contains(s.To, who) {
			n++
		}
	}
	return n
}
