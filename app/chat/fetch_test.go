package chat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/store"
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
	switch {
	case mediaID == "GONE":
		return nil, fmt.Errorf("%w: 40007", chat.ErrGone)
	case !ok:
		return nil, errors.New("no answer")
	}
	return io.NopCloser(strings.NewReader(content)), nil
}

func TestMediaIsDownloadedOnce(t *testing.T) {
	each(t, func(w *world) {
		dir := w.t.TempDir()
		s := &shelf{media: map[string]string{"assistant/M1": "picture", "assistant/M2": "picture", "assistant/BIG": strings.Repeat("x", chat.MaxMedia+1)}}
		q := queue.New(w.db, queue.Options{})
		var lost []int64
		queue.Register(q, chat.Fetch(s, dir, func(_ *store.Tx, a store.Attachment) error {
			lost = append(lost, a.ID)
			return nil
		}))
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
		require.Equal(w.t, a.SHA256, b.SHA256)
		require.NotEqual(w.t, a.Path, b.Path, "each is forgotten by itself")
		content, err := os.ReadFile(filepath.Join(dir, a.Path))
		require.NoError(w.t, err)
		require.Equal(w.t, "picture", string(content))

		w.Sends("赵六", chat.Media{Kind: "file", MediaID: "BIG", Name: "../../大"}) // attachment 4
		w.Sends("赵六", chat.Media{Kind: "file", MediaID: "AWAY", Name: "没"})      // attachment 5
		_, err = q.Drain(w.t.Context())
		require.NoError(w.t, err)
		require.Equal(w.t, []int64{4}, lost, "too big is final, an error of the net is not")
		w.After(73 * time.Hour)
		w.Sends("赵六", chat.Media{Kind: "file", MediaID: "GONE", Name: "没"}) // attachment 6
		_, err = q.Drain(w.t.Context())
		require.NoError(w.t, err)
		require.Equal(w.t, []int64{4, 6}, lost)
		asked := s.asked
		_, err = q.Drain(w.t.Context())
		require.NoError(w.t, err)
		require.Equal(w.t, asked, s.asked, "no further attempt")
		left, err := filepath.Glob(filepath.Join(dir, ".fetch-*"))
		require.NoError(w.t, err)
		require.Empty(w.t, left)
	})
}
