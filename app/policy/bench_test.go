package policy_test

import (
	"testing"
	"time"

	"guiju/app/policy"
)

// The decisions a 咨询 takes, each inside the transaction that stores it.
func BenchmarkDecisions(b *testing.B) {
	e := engine(b)
	org := policy.NewOrg([]policy.Department{{ID: 1, Name: "公司"}, {ID: 2, Parent: 1, Name: "财务部", Leaders: []int64{7}}}, nil, []int64{1})
	at := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	const text = "报销发票抬头怎么写，第三张可以吗"
	for _, c := range []struct {
		name   string
		decide func()
	}{
		{"Route", func() { e.Route(text) }},
		{"Signals", func() { e.Signals(text) }},
		{"Answerer", func() { e.Answerer("财务部", "", 9, org) }},
		{"Why", func() { _ = e.Route(text).Why.String() }},
		{"Due", func() { e.Due(policy.Normal, at) }},
		{"UndeliveredAt", func() { e.UndeliveredAt(at) }},
		{"NextAllowed", func() { e.NextAllowed(policy.Normal, at) }},
		{"Permit", func() {
			e.Permit(policy.Actor{Member: 9, Active: true, Holdings: []policy.Holding{{Role: policy.Member}}}, policy.InquiryCreate, policy.Object{}, at)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.decide()
			}
		})
	}
}
