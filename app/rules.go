package app

import (
	"context"
	"errors"
	"fmt"

	"guiju/app/config"
	"guiju/app/rulebook"
	"guiju/store"
)

// loadRulebook reads the built-in guide and the company's overrides.
func loadRulebook(cfg config.Config) (*rulebook.Book, error) {
	book, err := rulebook.Load(cfg.Rulebook)
	if err != nil {
		return nil, fmt.Errorf("rulebook: %w", err)
	}
	return book, nil
}

// adoptRulebook makes the version in force the rules of this process. The
// file is imported at the first start as version 1 (guide 附则).
func (a *App) adoptRulebook(ctx context.Context) error {
	book, err := loadRulebook(a.cfg)
	if err != nil {
		return err
	}
	var row store.Rulebook
	err = a.db.InTx(ctx, func(tx *store.Tx) error {
		row, err = tx.ActiveRulebook(tx.Now())
		if errors.Is(err, store.ErrNotFound) {
			row, err = tx.AddRulebook(book.Values(), store.RulebookActive)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("rulebook: %w", err)
	}
	return a.follow(row)
}

// follow puts a stored version in force in this process.
func (a *App) follow(row store.Rulebook) error {
	if a.rules.Load().Version() == int(row.Version) {
		return nil
	}
	version := rulebook.Version{Number: int(row.Version), Values: row.Body}
	book, err := version.Book()
	if err != nil {
		return fmt.Errorf("rulebook version %d: %w", row.Version, err)
	}
	a.rules.Store(book.Engine)
	return nil
}
