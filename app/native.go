package app

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"guiju/app/approval"
	"guiju/app/policy"
)

// newNatives builds what reads and feeds WeCom's own 审批 app, with every app's
// client: each sees the members of its own range.
func (a *App) newNatives(rules func() *policy.Engine) *approval.Native {
	o := approval.NativeOptions{
		DB: a.db, APIs: map[string]approval.NativeAPI{}, Requests: a.requests, People: a.people, Notify: a.notify, Rules: rules,
		Files: a.openMedia, Log: a.log,
	}
	for _, app := range a.cfg.WeCom.Apps {
		o.Apps = append(o.Apps, app.Name)
		o.APIs[app.Name] = a.clients[app.Name]
	}
	return approval.NewNative(o)
}

// openMedia opens a file that a member sent.
func (a *App) openMedia(path string) (io.ReadCloser, error) {
	if !filepath.IsLocal(path) {
		return nil, fmt.Errorf("%q leaves media.dir", path)
	}
	return os.Open(filepath.Join(a.cfg.Media.Dir, path))
}
