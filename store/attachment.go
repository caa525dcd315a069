package store

import (
	"errors"
	"fmt"
	"time"
)

// Attachment is a message that was not text: a picture, voice, video, file,
// link or place. Subject says what it belongs to; its zero value, nothing yet.
type Attachment struct {
	ID          int64
	DeliveryID  int64
	MemberID    int64
	App         string
	Kind        string // image, voice, video, shortvideo, file, link, location
	MediaID     string // WeCom keeps the media three days
	Name        string // of a file, link or place
	URL         string
	Description string
	Latitude    float64
	Longitude   float64
	SubjectKind string
	SubjectID   int64
	Path        string // where the downloaded media lies; "" while it is not here
	SHA256      string `gorm:"column:sha256"`
	Size        int64
	CreatedAt   time.Time
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Attachment) TableName() string { return "attachments" }

// AddAttachment stores a and answers it with its id.
func (tx *Tx) AddAttachment(a Attachment) (Attachment, error) {
	a.ID, a.CreatedAt = 0, tx.Now()
	a.MediaID, a.Name = clip(a.MediaID, 512), clip(a.Name, 500)
	a.URL, a.Description = clip(a.URL, 2048), clip(a.Description, 2000)
	if err := tx.g.Create(&a).Error; err != nil {
		return Attachment{}, fmt.Errorf("add attachment: %w", translate(err))
	}
	return a, nil
}

// Attachment reads one attachment.
func (r *Reader) Attachment(id int64) (Attachment, error) {
	var a Attachment
	if err := r.g.Take(&a, "id = ?", id).Error; err != nil {
		return Attachment{}, fmt.Errorf("attachment %d: %w", id, translate(err))
	}
	return a, nil
}

// Attachments reads the attachments with these ids, in the order they came.
func (r *Reader) Attachments(ids []int64) ([]Attachment, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var list []Attachment
	if err := r.g.Where("id IN ?", ids).Order("id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("attachments: %w", translate(err))
	}
	return list, nil
}

// AttachmentsOf lists what belongs to s, in the order it came.
func (r *Reader) AttachmentsOf(s Subject) ([]Attachment, error) {
	var list []Attachment
	if err := r.g.Where("subject_kind = ? AND subject_id = ?", s.Kind, s.ID).Order("id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("attachments of %s: %w", s, translate(err))
	}
	return list, nil
}

// FileAttachments files the attachments under s.
func (tx *Tx) FileAttachments(s Subject, ids ...int64) error {
	if len(ids) == 0 {
		return nil
	}
	err := tx.g.Model(&Attachment{}).Where("id IN ?", ids).Updates(map[string]any{"subject_kind": s.Kind, "subject_id": s.ID}).Error
	if err != nil {
		return fmt.Errorf("file attachments under %s: %w", s, translate(err))
	}
	return nil
}

// AttachmentFetched records where the media of an attachment lies.
func (tx *Tx) AttachmentFetched(id int64, path, sha256 string, size int64) error {
	done := tx.g.Model(&Attachment{}).Where("id = ?", id).Updates(map[string]any{"path": path, "sha256": sha256, "size": size})
	if done.Error != nil {
		return fmt.Errorf("attachment %d: %w", id, translate(done.Error))
	}
	if done.RowsAffected == 0 {
		return fmt.Errorf("attachment %d: %w", id, ErrNotFound)
	}
	return nil
}

// lostSize is the size of a medium that could not be had from WeCom.
const lostSize = -1

// AttachmentLost records that WeCom has the media of an attachment no more. A
// later AttachmentFetched takes it back.
func (tx *Tx) AttachmentLost(id int64) error {
	if err := tx.g.Model(&Attachment{}).Where("id = ? AND path = ''", id).Update("size", lostSize).Error; err != nil {
		return fmt.Errorf("attachment %d: %w", id, translate(err))
	}
	return nil
}

// Lost says whether the media could not be had from WeCom: only its sender has it.
func (a Attachment) Lost() bool { return a.Path == "" && a.Size == lostSize }

// attachmentsPurged is the setting with the progress of the day's walk over
// attachments.
const attachmentsPurged = "attachments.purged"

// OldAttachments is one step of the day's walk over the attachments from
// before unarchived: at most 200 rows, of which it answers those whose time is
// over. What belongs to nothing or to a withdrawn item or request goes then; what
// belongs to a closed item or a request that is over, which is the archive, when
// that ended before archived; what belongs to an open one stays. looked is 0 at the walk's end.
func (tx *Tx) OldAttachments(unarchived, archived time.Time) (old []Attachment, looked int, err error) {
	var walk itemWalk
	if err := tx.Setting(attachmentsPurged, &walk); err != nil && !errors.Is(err, ErrNotFound) {
		return nil, 0, err
	}
	if today := tx.day(tx.Now()); walk.Day != today {
		walk = itemWalk{Day: today}
	}
	var rows []struct {
		Attachment
		ItemState         ItemState
		ItemClosedAt      *time.Time
		RequestState      RequestState
		RequestFinishedAt *time.Time
	}
	err = tx.g.Table("attachments a").Select("a.*, i.state AS item_state, i.closed_at AS item_closed_at, q.state AS request_state, q.finished_at AS request_finished_at").
		Joins("LEFT JOIN items i ON a.subject_kind = 'item' AND i.id = a.subject_id").
		Joins("LEFT JOIN requests q ON a.subject_kind = 'request' AND q.id = a.subject_id").
		Where("a.id > ?", walk.Last).Order("a.id").Limit(purgeBatch).Scan(&rows).Error
	if err != nil {
		return nil, 0, fmt.Errorf("old attachments: %w", translate(err))
	}
	for _, row := range rows {
		if !row.CreatedAt.Before(unarchived) {
			break // ids grow with time: all that follow are younger
		}
		looked, walk.Last = looked+1, row.ID
		switch {
		case row.RequestState != "":
			ended := row.RequestFinishedAt
			if ended != nil && (row.RequestState == RequestWithdrawn && ended.Before(unarchived) || ended.Before(archived)) {
				old = append(old, row.Attachment)
			}
		case row.ItemState == "",
			row.ItemState == ItemWithdrawn && row.ItemClosedAt != nil && row.ItemClosedAt.Before(unarchived),
			row.ItemState == ItemClosed && row.ItemClosedAt != nil && row.ItemClosedAt.Before(archived):
			old = append(old, row.Attachment)
		}
	}
	if looked == 0 {
		return nil, 0, nil
	}
	return old, looked, tx.SetSetting(attachmentsPurged, walk)
}

// DeleteAttachments forgets attachments whose files are gone.
func (tx *Tx) DeleteAttachments(ids ...int64) error {
	if len(ids) == 0 {
		return nil
	}
	if err := tx.g.Where("id IN ?", ids).Delete(&Attachment{}).Error; err != nil {
		return fmt.Errorf("delete attachments: %w", translate(err))
	}
	return nil
}
