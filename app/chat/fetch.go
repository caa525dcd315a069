package chat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"guiju/store"
	"guiju/store/queue"
)

// FetchMedia is the job that downloads the media of an attachment while WeCom
// still has it: three days.
type FetchMedia struct {
	Attachment int64 `json:"attachment"`
}

// Kind is the job's name.
func (FetchMedia) Kind() string { return "chat.fetch_media" }

// mediaLife is how long WeCom keeps what a member sent.
const mediaLife = 72 * time.Hour

// MaxMedia is the most bytes downloaded; the largest file WeCom takes is 20 MiB.
const MaxMedia = 20 << 20

// ErrGone is the answer of a Downloader for media that WeCom does not have, or
// will never give out: trying again is of no use.
var ErrGone = errors.New("media is not to be had")

// Downloader opens media of an app; the caller closes it. More than limit
// bytes is an error.
type Downloader interface {
	Download(ctx context.Context, app, mediaID string, limit int64) (io.ReadCloser, error)
}

// Fetch is the worker of FetchMedia. It keeps each file under dir as ab/abcd…-7,
// its SHA-256 and the attachment's id; names that members gave are never part
// of a path. What is not to be had is set aside for a person, and lost is told
// in the transaction that does so.
func Fetch(media Downloader, dir string, lost func(tx *store.Tx, a store.Attachment) error) queue.Worker[FetchMedia] {
	return func(ctx context.Context, job *queue.Job, args FetchMedia) queue.Outcome {
		var a store.Attachment
		var now time.Time
		err := job.InTx(ctx, func(tx *store.Tx) (err error) {
			now = tx.Now()
			a, err = tx.Attachment(args.Attachment)
			return err
		})
		switch {
		case errors.Is(err, store.ErrNotFound):
			return queue.Done() // purged meanwhile
		case err != nil:
			return queue.Retry(err)
		case a.Path != "" || a.MediaID == "":
			return queue.Done()
		}
		path, sum, size, err := download(ctx, media, a, dir)
		if err != nil {
			err = fmt.Errorf("fetch media of attachment %d: %w", a.ID, err)
			tell := func(tx *store.Tx) error { return lost(tx, a) }
			switch {
			case errors.Is(err, ErrGone), now.Sub(a.CreatedAt) > mediaLife:
				return queue.Bury(err, tell)
			case job.Last:
				return queue.Retry(err, tell)
			default:
				return queue.Retry(err)
			}
		}
		return queue.Done(func(tx *store.Tx) error { return tx.AttachmentFetched(a.ID, path, sum, size) })
	}
}

// download stores one media file and answers its path below dir.
func download(ctx context.Context, media Downloader, a store.Attachment, dir string) (path, sum string, size int64, err error) {
	body, err := media.Download(ctx, a.App, a.MediaID, MaxMedia)
	if err != nil {
		return "", "", 0, err
	}
	defer body.Close()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", 0, err
	}
	file, err := os.CreateTemp(dir, ".fetch-*")
	if err != nil {
		return "", "", 0, err
	}
	defer os.Remove(file.Name()) // a no-op once renamed
	hash := sha256.New()
	size, err = io.Copy(io.MultiWriter(file, hash), io.LimitReader(body, MaxMedia+1))
	if err == nil && size > MaxMedia {
		err = fmt.Errorf("%w: more than %d bytes", ErrGone, MaxMedia)
	}
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return "", "", 0, err
	}
	sum = hex.EncodeToString(hash.Sum(nil))
	path = filepath.Join(sum[:2], fmt.Sprintf("%s-%d", sum, a.ID))
	if err := os.MkdirAll(filepath.Join(dir, sum[:2]), 0o700); err != nil {
		return "", "", 0, err
	}
	return path, sum, size, os.Rename(file.Name(), filepath.Join(dir, path))
}
