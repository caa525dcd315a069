package policy

import (
	"regexp"
	"slices"
	"unicode/utf8"
)

// The scenes of the texts of a template (G1-2.1(1)b).
const (
	TextAsked    = "asked"    // 团队成员请假: to the first who decides
	TextDecided  = "decided"  // 上级审批: to the applicant, at each decision
	TextApproved = "approved" // 通知相关同事: once the case is approved
)

// Placeholders of texts that are no fields.
const (
	TextApplicant = "成员姓名"
	TextVerdict   = "决定" // of TextDecided: 批准 or 驳回
	TextRemark    = "备注" // of TextDecided
)

// maxTextOfScene bounds a text, in characters: filled in it has to fit into a message.
const maxTextOfScene = 300

// TextPlaceholder finds the placeholders of a text: [成员姓名].
var TextPlaceholder = regexp.MustCompile(`\[([^\[\]]+)\]`)

// texts refuses scenes that are none and placeholders that are no fields.
func (c *templateChecker) texts() {
	scenes := []string{TextAsked, TextDecided, TextApproved}
	for _, scene := range sorted(c.t.Texts) {
		below, text := ".texts."+scene, c.t.Texts[scene]
		if !slices.Contains(scenes, scene) {
			c.add(below, "must be one of %s", joined(scenes))
			continue
		}
		if utf8.RuneCountInString(text) > maxTextOfScene {
			c.add(below, "must have at most %d characters", maxTextOfScene)
		}
		for _, found := range TextPlaceholder.FindAllStringSubmatch(text, -1) {
			name := found[1]
			if name == TextApplicant || scene == TextDecided && (name == TextVerdict || name == TextRemark) {
				continue
			}
			if _, known := c.t.Field(name); !known {
				c.add(below, "unknown field [%s]; the fields are %s", name, someOf(keysOf(c.t.Fields)))
			}
		}
	}
}
