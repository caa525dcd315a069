package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"guiju/app/config"
)

// usageError is a mistake in the command line or the configuration: exit 2.
type usageError struct{ error }

// Unwrap gives the mistake itself.
func (e usageError) Unwrap() error { return e.error }

// configPath is the value of -c/--config.
func configPath(cmd *cobra.Command) string {
	path, err := cmd.Flags().GetString("config")
	if err != nil || path == "" {
		return "config.yaml"
	}
	return path
}

// load reads the configuration and makes the logger it asks for.
func load(path string) (config.Config, *slog.Logger, error) {
	cfg, err := config.Load(path, os.Environ())
	if err != nil {
		return cfg, nil, usageError{err}
	}
	return cfg, logger(cfg.Log), nil
}

// loadOptional is load for commands that need no file: without -c and without
// ./config.yaml the defaults hold.
func loadOptional(cmd *cobra.Command) (config.Config, *slog.Logger, error) {
	path := configPath(cmd)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !cmd.Flags().Changed("config") {
		cfg := config.Default()
		return cfg, logger(cfg.Log), nil
	}
	return load(path)
}

// logger writes to standard error, so that standard output is the command's own.
func logger(l config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		level = slog.LevelInfo // the configuration was checked before
	}
	o := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o))
}
