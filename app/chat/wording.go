package chat

import (
	"errors"
	"fmt"
	"strings"
)

// The reply wording of guide E2.0. Each error below, returned by a Run or a
// Validate, wrapped or not, becomes its text; the transaction goes on.

// Accepted is the answer 【已受理】<编号> <一句话结果>. number may be "" where
// the act has no record.
func Accepted(number, sentence string) Answer {
	return Answer{Text: strings.TrimSpace("【已受理】" + strings.TrimSpace(number+" "+sentence))}
}

// Refused (level block): the act is not done; Instead says what to do.
type Refused struct {
	Reason  string // without a full stop at its end
	Clause  string // "G1-4.1(3)b"; "" where the guide has none
	Instead string
	// Denied is the permission that a rule refuses which no application lifts,
	// such as one's own case: the refusal is on record like one of permission
	// (S02). Empty: refused for another reason.
	Denied NoPermission
}

func (e Refused) Error() string {
	text := "【未通过】" + e.Reason
	if e.Clause != "" {
		text += "（依据 " + e.Clause + "）"
	}
	text += "。"
	if e.Instead != "" {
		text += "可改为：" + e.Instead
	}
	return text
}

// Incomplete (level require): more is needed. When Field names an argument of
// the command the filled-in form is kept and the next text is its value.
type Incomplete struct {
	Field  string
	Prompt string // the question; "" uses the argument's own
	// Choices are answers to choose from, at most nine; of a Text argument
	// others may be written as well.
	Choices []string
}

func (e Incomplete) Error() string {
	if e.Prompt == "" {
		return "【请补充】" + e.Field
	}
	return "【请补充】" + e.Field + "：" + e.Prompt
}

// Warned (level warn): done only if the member insists; the command then runs
// again with Call.Insists.
type Warned struct {
	// Title stands before the reason in place of 【提醒】, where the member only
	// confirms what he has filled in: 提交前请核对.
	Title   string
	Reason  string
	Clause  string
	Proceed string // "" is 仍然发送
	// Amend offers 修改: he may change what he has written, as 键:值.
	Amend bool
	// Others are further ways out, such as 转邮件; their keys are command lines.
	Others []Button
}

func (e Warned) Error() string {
	text := "【提醒】" + e.Reason
	if e.Title != "" {
		text = "【" + e.Title + "】" + e.Reason
	}
	if e.Clause != "" {
		text += "（依据 " + e.Clause + "）"
	}
	return text
}

// NoPermission names the permission that is missing and how to apply.
type NoPermission struct {
	Permission string
	Object     string // for the record of refusals; not shown
}

func (e NoPermission) Error() string {
	return fmt.Sprintf("【无权限】需要 %s，可发送：权限申请 %s <理由> <期限>", e.Permission, e.Permission)
}

// denial finds the permission an error denies, for the record of refusals.
func denial(err error) (NoPermission, bool) {
	var denied NoPermission
	if errors.As(err, &denied) {
		return denied, true
	}
	var refused Refused
	if errors.As(err, &refused) {
		return refused.Denied, refused.Denied.Permission != ""
	}
	return denied, false
}

// NotFound is said of what does not exist and of what the asker may not see.
type NotFound struct{ Number string }

func (e NotFound) Error() string { return "【未找到】" + e.Number }

// ModuleOff is said of a part of the product that is not switched on or not built.
type ModuleOff struct{ Module string }

func (e ModuleOff) Error() string { return "【未启用】" + e.Module }

// Internal is the answer after a failed delivery; number is the fault's or
// the delivery's.
func Internal(number string) Answer {
	return Answer{Text: "【系统异常】已登记故障 " + number}
}

// Wording is the member's text for an error of this file, and whether it is one.
func Wording(err error) (string, bool) {
	var (
		refused      Refused
		incomplete   Incomplete
		warned       Warned
		noPermission NoPermission
		notFound     NotFound
		moduleOff    ModuleOff
	)
	switch {
	case errors.As(err, &refused):
		return refused.Error(), true
	case errors.As(err, &incomplete):
		return incomplete.Error(), true
	case errors.As(err, &warned):
		return warned.Error(), true
	case errors.As(err, &noPermission):
		return noPermission.Error(), true
	case errors.As(err, &notFound):
		return notFound.Error(), true
	case errors.As(err, &moduleOff):
		return moduleOff.Error(), true
	}
	return "", false
}
