package chat_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/store/queue"
)

// shelf is a WeCom that has some media.
type shelf struct {
	media map[string]string
	asked int
}

func (s *shelf) Download(_ context.Context, app, mediaID string, _ int64) (io.ReadCloser, error) {
	s.asked++
	content, ok := s.media[app+"/"+mediaID]
	if !ok {
		return nil, errors.New("40007: invalid media_id")
	}
	return io.NopCloser(strings.NewReader(content)), nil
}

func TestMediaIsDownloadedOnceAndKeptByItsContent(t *testing.T) {
	each(t, func(w *world) {
		dir := w.t.TempDir()
		s := &shelf{media: map[string]string{"assistant/M1": "picture", "assistant/M2": "picture", "assistant/BIG": strings.Repeat("x", chat.MaxMedia+1)}}
		q := queue.New(w.db, queue.Options{})
		queue.Register(q, chat.Fetch(s, dir))
		w.Sends("赵六", chat.Media{Kind: "image", MediaID: "M1"})
		w.Sends("赵六", chat.Media{Kind: "image", MediaID: "M2"})
		w.Sends("赵六", chat.Media{Kind: "location", Name: "一号楼"}) // nothing to download
		_, err := q.Drain(w.t.Context())
		require.NoError(w.t, err)
		require.Equal(w.t, 2, s.asked)

		a, err := w.db.Reader(w.t.Context()).Attachment(1)
		require.NoError(w.t, err)
		require.Equal(w.t, int64(7), a.Size)
		b, err := w.db.Reader(w.t.Context()).Attachment(2)
		require.NoError(w.t, err)
		require.Equal(w.t, a.Path, b.Path)
		content, err := os.ReadFile(filepath.Join(dir, a.Path))
		require.NoError(w.t, err)
		require.Equal(w.t, "picture", string(content))

		w.Sends("赵六", chat.Media{Kind: "file", MediaID: "BIG", Name: "大"})
		w.Sends("赵六", chat.Media{Kind: "file", MediaID: "GONE", Name: "没"})
		w.After(73 * time.Hour) // WeCom has forgotten it: no further attempt
		_, err = q.Drain(w.t.Context())
		require.NoError(w.t, err)
		asked := s.asked
		_, err = q.Drain(w.t.Context())
		require.NoError(w.t, err)
		require.Equal(w.t, asked, s.asked)
		left, err := filepath.Glob(filepath.Join(dir, ".fetch-*"))
		require.NoError(w.t, err)
		require.Empty(w.t, left)
	})
}
