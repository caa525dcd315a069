package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"guiju/app"
	"guiju/app/config"
	"guiju/app/rulebook"
)

const defaultConfig = "./config.yaml"

// usageError is a mistake in the command line or the configuration: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func isUsage(err error) bool {
	if _, ok := errors.AsType[usageError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*config.Error](err); ok {
		return true
	}
	if _, ok := errors.AsType[app.SetupError](err); ok {
		return true
	}
	_, ok := errors.AsType[*rulebook.Error](err)
	return ok
}

// configPath is the value of -c.
func configPath(cmd *cobra.Command) string {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return defaultConfig
	}
	return path
}

// load reads the configuration and builds the logger it asks for.
func load(path string) (config.Config, *slog.Logger, error) {
	cfg, err := config.Load(path, os.Environ())
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, nil, usageError{fmt.Errorf("找不到配置文件 %s；用 -c 指定，或从随程序附带的 config.yaml 复制一份", path)}
	}
	if err != nil {
		return cfg, nil, usageError{err}
	}
	return cfg, newLogger(cfg.Log, os.Stderr), nil
}

// loadOptional is load for commands that need no file: without -c, and without
// a file at the default path, the defaults and the environment hold.
func loadOptional(cmd *cobra.Command) (config.Config, *slog.Logger, error) {
	path := configPath(cmd)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !cmd.Flags().Changed("config") {
		cfg, err := config.Parse("（环境变量）", nil, os.Environ())
		if err != nil {
			return cfg, nil, usageError{err}
		}
		return cfg, newLogger(cfg.Log, os.Stderr), nil
	}
	return load(path)
}

func newLogger(c config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo // config.Load has refused other words
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
