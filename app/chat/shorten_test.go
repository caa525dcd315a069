package chat_test

import (
	"testing"

	"guiju/app/chat"
)

func TestTextsAreShortenedByCharacters(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		most    int
		oneLine string
		shorten string
	}{
		"what fits stays":            {"打印机坏了", 5, "打印机坏了", "打印机坏了"},
		"the mark counts":            {"打印机坏了", 4, "打印机…", "打印机…"},
		"only the mark":              {"坏了", 1, "…", "…"},
		"lines are joined, or stay":  {" 打印机\n\n坏了 ", 6, "打印机 坏了", " 打印机\n…"},
		"a shape of several bytes":   {"😀😀😀", 2, "😀…", "😀…"},
		"nothing stays nothing":      {"", 3, "", ""},
		"white space is nothing too": {" \n\t", 3, "", " \n\t"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := chat.OneLine(c.text, c.most); got != c.oneLine {
				t.Errorf("OneLine: %q, want %q", got, c.oneLine)
			}
			if got := chat.Shorten(c.text, c.most); got != c.shorten {
				t.Errorf("Shorten: %q, want %q", got, c.shorten)
			}
		})
	}
}
