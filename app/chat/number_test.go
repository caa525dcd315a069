package chat_test

import (
	"fmt"
	"testing"

	"guiju/app/chat"
)

func TestNumbersMayBeShortened(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.open["赵六"] = []chat.Record{item("M20260302-0012", "丙"), item("M20260302-0011", "乙"), item("M20260228-0007", "甲")}
		for _, said := range []string{"12", "0012", "#12", "M12", "m20260302-12", "20260302-12", "１２", "Ｍ２０２６０３０２－００１２"} {
			w.Says("赵六", "回复 "+said+" 好的").Runs("回复｜编号=M20260302-0012｜内容=好的")
		}
		w.Says("赵六", "回复12 好的").Runs("回复｜编号=M20260302-0012｜内容=好的")
		w.Says("赵六", "回复 编号:7 内容:12 点见").Runs("回复｜编号=M20260228-0007｜内容=12 点见")
		w.Says("赵六", "回复 T12 好的").Begins("【未找到】T12")
		w.Says("赵六", "回复 20260301-12 好的").Begins("【未找到】20260301-12")
		w.Says("孙七", "回复 12 好的").Begins("【未找到】12")                        // not his
		w.Says("赵六", "回复 M20260101-0500 好的").Runs("回复｜编号=M20260101-0500") // whole: the command finds it
	})
}

func TestNumbersMayBeOmittedWhenOneItemIsOpen(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "回复 好的").Begins("【未通过】现在没有等您「回复」的事项。可改为：带上编号再发一次")
		w.open["赵六"] = []chat.Record{item("M20260302-0012", "丙")}
		w.Says("赵六", "回复 好的").Runs("回复｜编号=M20260302-0012｜内容=好的")
		w.open["赵六"] = []chat.Record{item("M20260302-0012", "丙"), item("M20260302-0011", "乙")}
		w.Says("赵六", "回复 好的").Begins("【请补充】编号：有 2 项可以「回复」，请选一项\n1. M20260302-0012 丙\n2. M20260302-0011 乙\n回复序号即可。")
		w.Says("赵六", "2").Runs("回复｜编号=M20260302-0011｜内容=好的")
		w.Says("赵六", "回复 好的")
		w.Says("赵六", "M20260302-0012").Runs("回复｜编号=M20260302-0012｜内容=好的")
		w.Says("赵六", "收到").Runs("收到｜编号=M20260302-0012") // guide S03: the newest
		w.Says("赵六", "查找试验").Begins("【请补充】编号：哪一项")
	})
}

func TestADoubleMatchGetsAChoice(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.open["赵六"] = []chat.Record{item("M20260302-0012", "丙"), item("M20260228-0012", "甲")}
		w.Says("赵六", "回复 12 好的").Gets("有 2 项符合「12」", "2. M20260228-0012 甲").Buttons("1. 0012", "2. 0012")
		w.Presses("赵六", w.last.Card.Choices[1].Key).Runs("回复｜编号=M20260228-0012｜内容=好的")
	})
}

func TestALongChoiceShowsNineAndTakesAnyWholeNumber(t *testing.T) {
	onSQLite(t, func(w *world) {
		for i := 30; i > 0; i-- {
			w.open["赵六"] = append(w.open["赵六"], item(fmt.Sprintf("M20260302-%04d", i), "甲"))
		}
		w.Says("赵六", "回复 好的").Gets("有 30 项", "9. M20260302-0022 甲", "不在上面的，请写全").Lacks("10. ")
		if w.last.Card != nil {
			w.t.Error("a card with more than six buttons")
		}
		w.Says("赵六", "25").Runs("回复｜编号=M20260302-0025｜内容=好的")
	})
}
