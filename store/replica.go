package store

import (
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// Replica is one running process as it last reported itself.
type Replica struct {
	ID         string `gorm:"primaryKey"` // fresh at each start
	Name       string // host name and process id, for people
	SpoolDepth int64  // callbacks in its spool: while any replica has some, deadlines wait
	SkewMS     int64  // its clock minus the database's, milliseconds
	SeenAt     time.Time
}

// TableName is the table.
func (Replica) TableName() string { return "replicas" }

// ReportReplica stores what the process says of itself; SeenAt is the
// database's own clock, whatever r says.
func (tx *Tx) ReportReplica(r Replica) error {
	now, err := tx.serverTime()
	if err != nil {
		return err
	}
	r.SeenAt = now
	if err := tx.g.Clauses(clause.OnConflict{UpdateAll: true}).Create(&r).Error; err != nil {
		return fmt.Errorf("report replica: %w", translate(err))
	}
	return nil
}

// Replicas lists the processes seen within the last while, by name.
func (r *Reader) Replicas(within time.Duration) ([]Replica, error) {
	now, err := r.serverTime()
	if err != nil {
		return nil, err
	}
	var list []Replica
	err = r.g.Where("seen_at >= ?", now.Add(-within)).Order("name, id").Limit(500).Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list replicas: %w", translate(err))
	}
	return list, nil
}

// RemoveReplica forgets a process that stops, or one long unseen.
func (tx *Tx) RemoveReplica(id string) error {
	if err := tx.g.Where("id = ?", id).Delete(&Replica{}).Error; err != nil {
		return fmt.Errorf("remove replica: %w", translate(err))
	}
	return nil
}
