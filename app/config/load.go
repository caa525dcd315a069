package config

import (
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"guiju/app/config/strict"
)

// Error is everything that is wrong with one config.
type Error struct {
	File     string
	Mistakes []strict.Mistake
}

func (e *Error) Error() string {
	if len(e.Mistakes) == 1 {
		return e.File + ": " + e.Mistakes[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d mistakes", e.File, len(e.Mistakes))
	for _, m := range e.Mistakes {
		b.WriteString("\n  " + m.String())
	}
	return b.String()
}

// Load reads the file at path, applies the environment (entries KEY=value, as
// os.Environ gives them), checks everything and returns the config. Relative
// paths in it stay relative to the working directory. A mistake in what the file
// says is an *Error, which names them all; a file that cannot be read is not.
func Load(path string, environ []string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("read config: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, strict.MaxBytes+1))
	if err != nil {
		return Config{}, fmt.Errorf("read config: %w", err)
	}
	return Parse(path, data, environ)
}

// Parse is Load for a file already in memory; name stands for it in errors.
func Parse(name string, data []byte, environ []string) (Config, error) {
	root, found := strict.Parse(data)
	if len(found) > 0 {
		return Config{}, &Error{name, found}
	}
	lines := strict.Lines(root)
	cfg := Default()
	vars := variables(environ)
	if len(vars) > 0 {
		plantApps(root, cfg.WeCom.Apps)
	}
	origin, found := overlay(root, vars)
	found = append(found, strict.Decode(root, &cfg)...)

	env := map[string]string{}
	for _, entry := range environ {
		key, value, _ := strings.Cut(entry, "=")
		env[key] = value
	}
	found = append(found, cfg.resolveSecrets(env)...)
	if len(found) == 0 { // what could not be read need not be checked
		found = cfg.check()
	}
	if len(found) == 0 {
		cfg.file, cfg.lines = name, lines
		return cfg, nil
	}
	for i, m := range found {
		if m.Line > 0 || m.Where != "" {
			continue
		}
		if origin[m.Path] == "" {
			found[i].Line = strict.Line(lines, m.Path)
		}
		if found[i].Line == 0 {
			found[i].Where = source(origin, m.Path)
		}
	}
	slices.SortStableFunc(found, func(a, b strict.Mistake) int { return a.Line - b.Line })
	return Config{}, &Error{name, found}
}

// resolveSecrets replaces each secret's reference by what it refers to.
func (c *Config) resolveSecrets(env map[string]string) []strict.Mistake {
	var found []strict.Mistake
	for path, secret := range c.secrets() {
		// An SQLite URI begins with file: and is no reference.
		if path == "store.dsn" && c.Store.Driver != "mysql" && strings.HasPrefix(secret.value, "file:") {
			continue
		}
		resolved, err := secret.resolve(env)
		if err != nil {
			found = append(found, strict.Mistake{Path: path, Text: err.Error()})
			continue
		}
		*secret = resolved
	}
	return found
}

// secrets yields every secret of the config with its path, in the file's order.
func (c *Config) secrets() iter.Seq2[string, *Secret] {
	return func(yield func(string, *Secret) bool) {
		_ = yield("store.dsn", &c.Store.DSN) &&
			yield("redis.password", &c.Redis.Password) &&
			c.appSecrets(yield) &&
			yield("wecom.contacts.secret", &c.WeCom.Contacts.Secret) &&
			yield("wecom.contacts.token", &c.WeCom.Contacts.Token) &&
			yield("wecom.contacts.encoding_aes_key", &c.WeCom.Contacts.EncodingAESKey)
	}
}

func (c *Config) appSecrets(yield func(string, *Secret) bool) bool {
	for i := range c.WeCom.Apps {
		at, app := fmt.Sprintf("wecom.apps[%d].", i), &c.WeCom.Apps[i]
		more := yield(at+"secret", &app.Secret) &&
			yield(at+"token", &app.Token) &&
			yield(at+"encoding_aes_key", &app.EncodingAESKey) &&
			yield(at+"previous_token", &app.PreviousToken) &&
			yield(at+"previous_encoding_aes_key", &app.PreviousEncodingAESKey)
		if !more {
			return false
		}
	}
	return true
}
