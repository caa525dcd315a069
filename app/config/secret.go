package config

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
)

const (
	hidden = "[hidden]"
	// maxSecretFile bounds what file:PATH reads.
	maxSecretFile = 64 << 10
)

// Secret is a value that does not print, marshal or log. Only Reveal gives it.
type Secret struct{ value string }

// NewSecret wraps value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value itself.
func (s Secret) Reveal() string { return s.value }

// Empty reports whether there is no value.
func (s Secret) Empty() bool { return s.value == "" }

// String says whether there is a value, not which.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return hidden
}

// Format hides the value from every verb of fmt.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the value from JSON, XML and other encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML hides the value from YAML.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// UnmarshalText takes the text as it is written; Load resolves it.
func (s *Secret) UnmarshalText(text []byte) error {
	s.value = string(text)
	return nil
}

var reference = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// resolve replaces ${NAME} by environment variables and file:PATH by the file's
// text without its final line break. Its errors name the variable or the file,
// never the value.
func (s Secret) resolve(env map[string]string) (Secret, error) {
	if path, ok := strings.CutPrefix(s.value, "file:"); ok {
		return readSecret(path)
	}
	var missing string
	value := reference.ReplaceAllStringFunc(s.value, func(ref string) string {
		name := ref[2 : len(ref)-1]
		v, ok := env[name]
		if (!ok || v == "") && missing == "" {
			missing = name
		}
		return v
	})
	if missing != "" {
		return Secret{}, fmt.Errorf("the environment variable %s is not set; set it, or use file:PATH", missing)
	}
	return Secret{value}, nil
}

func readSecret(path string) (Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return Secret{}, fmt.Errorf("cannot read the secret: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return Secret{}, fmt.Errorf("cannot read the secret: %w", err)
	}
	value := strings.TrimRight(string(data), "\r\n")
	switch {
	case len(data) > maxSecretFile:
		return Secret{}, fmt.Errorf("the file %s is larger than %d bytes", path, maxSecretFile)
	case value == "":
		return Secret{}, fmt.Errorf("the file %s is empty", path)
	}
	return Secret{value}, nil
}
