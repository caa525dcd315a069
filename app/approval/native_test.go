package approval_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/approval"
	"guiju/store"
	"guiju/wecom"
)

// refusal is the error of WeCom's answer with this errcode; 0 is an answer that
// is none, so that nobody knows what became of the call.
func refusal(t *testing.T, code int) error {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "gettoken"):
			fmt.Fprint(w, `{"errcode":0,"access_token":"T","expires_in":7200}`)
		case code == 0:
			fmt.Fprint(w, "<html>")
		default:
			fmt.Fprintf(w, `{"errcode":%d,"errmsg":"refused"}`, code)
		}
	}))
	defer server.Close()
	client, err := wecom.New(wecom.Config{CorpID: "ww1", AgentID: 1, Secret: "s", BaseURL: server.URL}, wecom.Options{})
	require.NoError(t, err)
	_, err = client.Apply(t.Context(), wecom.Application{
		TemplateID: "T", Applicant: "a", Summary: []string{"s"}, Nodes: []wecom.ApplicationNode{{Kind: wecom.ApproverNode, Rule: wecom.AnyOne, Users: []string{"b"}}},
	})
	require.Error(t, err)
	return err
}

// A template of the 审批 app: the form is submitted there with the planned chain,
// linked, and decided there.
func TestX26_ARequestIsSubmittedToTheApprovalApp(t *testing.T) {
	eachNative(t, func(w *nativeWorld) {
		made := w.submits("深圳")
		w.settle()
		q, row := w.read(made.ID)
		require.Equal(w.t, store.SubmissionLinked, row.Submission)
		require.Equal(w.t, "trip running", q.Kind+" "+string(q.State))
		require.NotNil(w.t, q.SpNo)
		require.Empty(w.t, row.Body, "what was filled in is not kept twice")
		a := w.wecom.applied[0]
		require.Equal(w.t, []wecom.ApplicationNode{
			{Kind: wecom.ApproverNode, Rule: wecom.AnyOne, Users: []string{"weiwei"}}, {Kind: wecom.ApproverNode, Rule: wecom.Everyone, Users: []string{"hejing", "gaozong"}},
		}, a.Nodes)
		require.Equal(w.t, []string{"出差：深圳", "目的地：深圳", "天数：2"}, a.Summary)
		steps, err := w.db.Reader(w.t.Context()).RequestSteps(q.ID)
		require.NoError(w.t, err)
		require.Equal(w.t, "负责人 current 两位 waiting", steps[0].Name+" "+string(steps[0].State)+" "+steps[1].Name+" "+string(steps[1].State))
		w.told(*q.SpNo)
		w.passes(2 * time.Minute)
		require.Equal(w.t, 1, w.count())
	})
}

// No answer came although WeCom has stored the form: it is found by its contents
// and never submitted twice, whether the callback or the search comes first.
func TestX26_ALostAnswerMakesNoSecondForm(t *testing.T) {
	for _, callback := range []bool{false, true} {
		eachNative(t, func(w *nativeWorld) {
			w.wecom.swallow = refusal(w.t, 0)
			made := w.submits("深圳")
			w.settle()
			_, row := w.read(made.ID)
			require.Equal(w.t, store.SubmissionSent, row.Submission)
			if callback {
				w.told("2026030200")
				w.settle()
			}
			w.passes(3 * time.Minute)
			q, row := w.read(made.ID)
			require.Equal(w.t, store.SubmissionLinked, row.Submission)
			require.Equal(w.t, "2026030200", *q.SpNo)
			require.Len(w.t, w.wecom.applied, 1)
			require.Equal(w.t, 1, w.count(), "the callback makes no second case")
		})
	}
}

// No answer came and WeCom has nothing: the form is submitted again. What the
// member submitted by hand meanwhile is another case.
func TestX26_WhatNeverArrivedIsSubmittedAgain(t *testing.T) {
	eachNative(t, func(w *nativeWorld) {
		w.wecom.refuse = refusal(w.t, 0)
		made := w.submits("深圳")
		w.settle()
		w.wecom.mu.Lock()
		w.wecom.refuse = nil
		other := wecom.Application{TemplateID: "C4Trip", Applicant: "zhaoliu", Form: []wecom.FormControl{
			{Control: "Text", ID: "Text-1", Value: wecom.FormValue{Text: "北京"}}, {Control: "Number", ID: "Number-2", Value: wecom.FormValue{Number: "1"}},
		}}
		w.wecom.forms["by-hand"] = w.wecom.form("by-hand", other)
		w.wecom.mu.Unlock()
		w.told("by-hand")
		w.settle()
		require.Equal(w.t, 1, w.count(), "it may be ours: it waits for the answer")
		w.passes(3 * time.Minute)
		q, row := w.read(made.ID)
		require.Equal(w.t, store.SubmissionLinked, row.Submission)
		require.NotEqual(w.t, "by-hand", *q.SpNo)
		require.Len(w.t, w.wecom.applied, 1)
		require.Equal(w.t, 2, w.count())
		hand, err := w.db.Reader(w.t.Context()).RequestBySPNo("by-hand")
		require.NoError(w.t, err)
		require.Equal(w.t, "trip 出差：北京", hand.Kind+" "+hand.Title, "mapped to the rulebook's template")
	})
}

// The template at WeCom has lost a control: the applicant and IT hear of it once,
// and the request goes out by itself when it has been mended.
func TestX26_AChangedTemplateKeepsTheRequest(t *testing.T) {
	eachNative(t, func(w *nativeWorld) {
		w.wecom.template.Controls = w.wecom.template.Controls[:1]
		made := w.submits("深圳")
		w.settle()
		_, row := w.read(made.ID)
		require.Equal(w.t, store.SubmissionWaiting, row.Submission)
		require.True(w.t, w.gets("zhaoliu", "【待提交】", "模板有变动", "撤回 "+made.Number))
		w.wecom.mu.Lock()
		w.wecom.template = tripControls()
		w.wecom.mu.Unlock()
		w.passes(31 * time.Minute)
		_, row = w.read(made.ID)
		require.Equal(w.t, store.SubmissionLinked, row.Submission)
	})
}

// WeCom refuses the form itself: the request ends, and its applicant knows why.
func TestX26_ARefusedFormEndsTheRequest(t *testing.T) {
	eachNative(t, func(w *nativeWorld) {
		w.wecom.refuse = refusal(w.t, 301079)
		made := w.submits("深圳")
		w.settle()
		q, row := w.read(made.ID)
		require.Equal(w.t, store.SubmissionFailed, row.Submission)
		require.Equal(w.t, store.RequestWithdrawn, q.State)
		require.True(w.t, w.gets("zhaoliu", "【未提交】", "时间冲突"))

		w.wecom.refuse = refusal(w.t, 301055)
		made = w.submits("广州")
		w.settle()
		_, row = w.read(made.ID)
		require.Equal(w.t, store.SubmissionWaiting, row.Submission, "IT mends it, nothing is lost")
		require.True(w.t, w.gets("zhaoliu", "【待提交】", "已通知管理员"))
		w.wecom.refuse = nil
		w.passes(31 * time.Minute)
		_, row = w.read(made.ID)
		require.Equal(w.t, store.SubmissionLinked, row.Submission)
	})
}

// The comparison narrows the window WeCom finds too heavy, goes on after a
// failure where it stood, and moves its watermark only at the end.
func TestX26_TheComparisonNarrowsItsWindow(t *testing.T) {
	eachNative(t, func(w *nativeWorld) {
		w.wecom.forms["1"] = w.wecom.form("1", wecom.Application{TemplateID: "other", Applicant: "zhaoliu"})
		w.wecom.forms["2"] = w.wecom.form("2", wecom.Application{TemplateID: "other", Applicant: "somebody_new"})
		heavy := refusal(w.t, wecom.CodeWindowTooHeavy)
		w.wecom.listErr = []error{heavy, heavy, nil, refusal(w.t, 45009)}
		w.tx(func(tx *store.Tx) error {
			_, err := tx.Enqueue(approval.SyncNative{}, store.Unique("all"))
			return err
		})
		w.passes(10 * time.Minute)
		for _, number := range []string{"1", "2"} {
			q, err := w.db.Reader(w.t.Context()).RequestBySPNo(number)
			require.NoError(w.t, err, "form %s", number)
			require.Equal(w.t, "native 出差申请", q.Kind+" "+q.Title)
		}
		m, err := w.db.Reader(w.t.Context()).MemberByUserID("somebody_new")
		require.NoError(w.t, err)
		require.Equal(w.t, store.MemberProvisional, m.Status)
	})
}

// A request of the flow engine inside an app is mirrored beside those of the
// 审批 app.
func TestX26_TheFlowEngineIsMirrored(t *testing.T) {
	eachNative(t, func(w *nativeWorld) {
		f := w.wecom.form("WF-1", wecom.Application{TemplateID: "of1", Applicant: "zhaoliu"})
		f.Status, f.Name = wecom.ApprovalApproved, "付款"
		w.wecom.open["WF-1"] = f
		w.tx(func(tx *store.Tx) error {
			_, err := tx.Enqueue(approval.ReadNative{System: store.NativeOpen, Ref: "WF-1", App: "assistant"})
			return err
		})
		w.settle()
		require.Equal(w.t, 1, w.count())
	})
}
