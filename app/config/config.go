// Package config reads config.yaml, applies the environment and defaults, and
// says of each mistake where it is and what to do.
package config

import "time"

// Config is config.yaml. Names, types and defaults are an outside contract.
type Config struct {
	Server    Server    `yaml:"server"`
	Log       Log       `yaml:"log"`
	Store     Store     `yaml:"store"`
	Redis     Redis     `yaml:"redis"`
	WeCom     WeCom     `yaml:"wecom"`
	Rulebook  string    `yaml:"rulebook"` // path of overrides; empty: the built-in guide
	Spool     Spool     `yaml:"spool"`
	Media     Media     `yaml:"media"`
	Retention Retention `yaml:"retention"`

	file  string         // what it was read from
	lines map[string]int // where each key stands in it
}

// Server is the HTTP side.
type Server struct {
	Listen          string        `yaml:"listen"`
	PublicURL       string        `yaml:"public_url"` // as members' devices reach it, without a final slash
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout"`
}

// Log says what is logged and how.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn, error
	Format string `yaml:"format"` // text, json
}

// Store is the database.
type Store struct {
	Driver  string `yaml:"driver"`  // sqlite, mysql
	DSN     Secret `yaml:"dsn"`     // file path, or go-sql-driver DSN
	Migrate string `yaml:"migrate"` // auto, manual
}

// Redis is optional: an empty address means one process without Redis.
type Redis struct {
	Address  string `yaml:"address"`
	Password Secret `yaml:"password"`
	DB       int    `yaml:"db"`
}

// WeCom is the company and its apps.
type WeCom struct {
	CorpID     string        `yaml:"corp_id"`
	APIBaseURL string        `yaml:"api_base_url"`
	Timeout    time.Duration `yaml:"timeout"`
	Apps       []App         `yaml:"apps"`
	Contacts   Contacts      `yaml:"contacts"`
}

// App is one self-built app; its callback is /callback/{Name}.
type App struct {
	Name                   string `yaml:"name"`
	AgentID                int64  `yaml:"agent_id"`
	Secret                 Secret `yaml:"secret"`
	Token                  Secret `yaml:"token"`
	EncodingAESKey         Secret `yaml:"encoding_aes_key"`
	PreviousToken          Secret `yaml:"previous_token"`
	PreviousEncodingAESKey Secret `yaml:"previous_encoding_aes_key"`
}

// Contacts is the contact-sync receiver /callback/contacts; unused when all are empty.
type Contacts struct {
	Secret         Secret `yaml:"secret"`
	Token          Secret `yaml:"token"`
	EncodingAESKey Secret `yaml:"encoding_aes_key"`
}

// Media is where pictures, voices and files that members send are kept: WeCom
// forgets them after three days.
type Media struct {
	Dir string `yaml:"dir"`
}

// Spool is the local file that takes callbacks while the database is away.
type Spool struct {
	Dir      string `yaml:"dir"`
	MaxBytes int64  `yaml:"max_bytes"`
}

// Retention says how long raw bodies are kept.
type Retention struct {
	MessageBodies time.Duration `yaml:"message_bodies"`
}

// Default is the config of an empty file.
func Default() Config {
	return Config{
		Server: Server{Listen: "127.0.0.1:8080", ShutdownTimeout: 20 * time.Second},
		Log:    Log{Level: "info", Format: "text"},
		Store:  Store{Driver: "sqlite", DSN: NewSecret("guiju.db"), Migrate: "auto"},
		WeCom: WeCom{
			APIBaseURL: "https://qyapi.weixin.qq.com",
			Timeout:    5 * time.Second,
			Apps:       []App{{Name: "assistant", AgentID: 1000002}},
		},
		Spool:     Spool{Dir: "./spool", MaxBytes: 1 << 30},
		Media:     Media{Dir: "./media"},
		Retention: Retention{MessageBodies: 4320 * time.Hour},
	}
}
