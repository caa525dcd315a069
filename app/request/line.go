package request

import (
	"encoding/json"
	"fmt"
	"slices"

	"guiju/store"
)

// shown is a line as it is stored: what everybody may read.
type shown struct {
	Key   string   `json:"key"`
	Value string   `json:"value"` // masked when Only is set
	Only  []string `json:"only,omitempty"`
}

// encodeLines keeps personal values apart from what may stay: they are purged
// earlier.
func encodeLines(lines []Line) (content, personal string, err error) {
	public, hidden := make([]shown, 0, len(lines)), map[int]string{}
	for i, line := range lines {
		value := line.Value
		if len(line.Only) > 0 {
			hidden[i], value = value, mask(value)
		}
		public = append(public, shown{Key: line.Key, Value: value, Only: line.Only})
	}
	raw, err := json.Marshal(public)
	if err != nil {
		return "", "", fmt.Errorf("lines of a request: %w", err)
	}
	secret, err := json.Marshal(hidden)
	if err != nil {
		return "", "", fmt.Errorf("personal lines of a request: %w", err)
	}
	return string(raw), string(secret), nil
}

// lines answers what the deciders of a step read; "" is everybody else's view.
func lines(request store.Request, step string) ([]Line, error) {
	if request.Content == "" {
		return nil, nil // purged
	}
	var public []shown
	if err := json.Unmarshal([]byte(request.Content), &public); err != nil {
		return nil, fmt.Errorf("lines of request %d: %w", request.ID, err)
	}
	hidden := map[int]string{}
	if request.Personal != "" {
		if err := json.Unmarshal([]byte(request.Personal), &hidden); err != nil {
			return nil, fmt.Errorf("personal lines of request %d: %w", request.ID, err)
		}
	}
	var all []Line
	for i, line := range public {
		value := line.Value
		if full, kept := hidden[i]; kept && slices.Contains(line.Only, step) {
			value = full
		}
		all = append(all, Line{Key: line.Key, Value: value, Only: line.Only})
	}
	return all, nil
}

// mask hides the middle of a personal value: 138****5678, 王*, 王**明.
func mask(value string) string {
	r := []rune(value)
	keep, tail := 0, 0
	switch n := len(r); {
	case n >= 11:
		keep, tail = 3, 4
	case n >= 7:
		keep, tail = 2, 2
	case n >= 3:
		keep, tail = 1, 1
	case n == 2:
		keep = 1
	}
	for i := keep; i < len(r)-tail; i++ {
		r[i] = '*'
	}
	return string(r)
}
