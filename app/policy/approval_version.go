package policy

import (
	"slices"
	"strings"
	"time"
)

// InForce reports whether the version applies at an instant: from its effective
// date on (G1-3.2(4)a).
func (t *ApprovalTemplate) InForce(at time.Time) bool { return !t.Effective.After(at) }

// Tries reports whether the version is open to an applicant as far as its pilot
// goes: only members of the pilot departments can start it (G1-3.2(2)4).
func (t *ApprovalTemplate) Tries(a ApprovalApplicant) bool {
	return len(t.Pilot) == 0 || anyOf(t.Pilot, a.Departments)
}

// MayStart says whether an applicant may start a case; why is the refusal in Chinese.
func (t *ApprovalTemplate) MayStart(a ApprovalApplicant) (why string, ok bool) {
	switch {
	case t.Off:
		return "「" + t.Title + "」已停用", false
	case !t.Tries(a):
		return "「" + t.Title + "」试点中，目前只有" + strings.Join(t.Pilot, "、") + "可以发起", false
	case len(t.For) > 0 && !anyOf(t.For, a.Departments):
		return "「" + t.Title + "」只对" + strings.Join(t.For, "、") + "开放", false
	}
	return "", true
}

func anyOf(wanted, has []string) bool {
	return slices.ContainsFunc(wanted, func(name string) bool { return slices.Contains(has, name) })
}

// ChooseApprovalTemplate picks the version that an applicant's new case runs on
// at an instant. Versions are those of one template in the order in which they
// were adopted. The latest one in force counts; one that others are trying is
// passed over for the version before it (G1-3.2(2) AE3, G1-3.2(4) AE2). Without
// any, t is nil and why is the refusal in Chinese.
func ChooseApprovalTemplate(versions []*ApprovalTemplate, a ApprovalApplicant, at time.Time) (t *ApprovalTemplate, why string) {
	for _, v := range slices.Backward(versions) {
		if !v.InForce(at) {
			if why == "" {
				why = "「" + v.Title + "」从 " + v.Effective.Format(dateLayout) + " 起才能使用"
			}
			continue
		}
		refusal, ok := v.MayStart(a)
		if ok {
			return v, ""
		}
		if v.Tries(a) || v.Off {
			return nil, refusal // an older version is no way around it
		}
		why = refusal
	}
	return nil, why
}
