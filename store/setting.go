package store

import (
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// settingRow is one small value the program remembers about itself.
type settingRow struct {
	Name      string `gorm:"primaryKey"`
	Value     string
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
}

func (settingRow) TableName() string { return "settings" }

// Setting reads the value of name into v, a pointer; ErrNotFound leaves v as
// it is.
func (r *Reader) Setting(name string, v any) error {
	value, read := r.settings[name]
	var err error
	if !read {
		_, err = r.one("SELECT value FROM settings WHERE name = ?", []any{name}, &value)
	}
	if err == nil && value == nil {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	if err := json.Unmarshal(value, v); err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	return nil
}

// remember keeps a value that was read along with something else; nil: there is
// none.
func (tx *Tx) remember(name string, value []byte) {
	if tx.settings == nil {
		tx.settings = map[string][]byte{}
	}
	tx.settings[name] = value
}

// SetSetting stores v, as JSON, under name.
func (tx *Tx) SetSetting(name string, v any) error {
	value, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	delete(tx.settings, name)
	row := settingRow{Name: name, Value: string(value), UpdatedAt: tx.Now()}
	err = tx.g.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error
	if err != nil {
		return fmt.Errorf("setting %s: %w", name, translate(err))
	}
	return nil
}

// lockSetting stores v under name unless there is a value, and keeps others
// from name until the transaction ends.
func (tx *Tx) lockSetting(name string, v any) error {
	value, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	delete(tx.settings, name)
	row := settingRow{Name: name, Value: string(value), UpdatedAt: tx.Now()}
	// On MySQL this is ON DUPLICATE KEY UPDATE name = name, which locks the row.
	err = tx.g.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error
	if err != nil {
		return fmt.Errorf("lock setting %s: %w", name, translate(err))
	}
	return nil
}
