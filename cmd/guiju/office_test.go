package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/stretchr/testify/require"
)

// The office's platform, through its control API.

func (f *office) says(text string) {
	f.t.Helper()
	body, err := json.Marshal(map[string]any{"user": "zhaoliu", "app": "assistant", "text": text})
	require.NoError(f.t, err)
	answer, err := http.Post(f.p.PlatformURL+"/sandbox/api/say", "application/json", bytes.NewReader(body))
	require.NoError(f.t, err)
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	require.NoError(f.t, err)
	require.Equal(f.t, http.StatusOK, answer.StatusCode, "%s", said)
}

// menu is the app's menu as the platform has it.
func (f *office) menu() string {
	f.t.Helper()
	answer, err := http.Get(f.p.PlatformURL + "/sandbox/api/menu?app=assistant&user=zhaoliu")
	require.NoError(f.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(f.t, err)
	return string(text)
}

// approver is a member of 总经理办公室.
func (f *office) approver() string {
	f.t.Helper()
	company := f.o.Company
	require.NotNil(f.t, company)
	for _, d := range company.Departments {
		if d.Name != "总经理办公室" {
			continue
		}
		for _, m := range company.Members {
			if slices.Contains(m.Departments, d.ID) {
				return m.UserID
			}
		}
	}
	f.t.Fatal("the example company has nobody in 总经理办公室")
	return ""
}

func (f *office) text(name string) string {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, name))
	require.NoError(f.t, err)
	return string(text)
}
