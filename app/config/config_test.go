package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"guiju/app/config"
)

const aesKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

func parse(t *testing.T, text string, environ ...string) config.Config {
	t.Helper()
	cfg, err := config.Parse("config.yaml", []byte(text), environ)
	require.NoError(t, err)
	return cfg
}

// refused returns what is wrong with text, without the file's name.
func refused(t *testing.T, text string, environ ...string) string {
	t.Helper()
	_, err := config.Parse("config.yaml", []byte(text), environ)
	require.IsType(t, &config.Error{}, err)
	return strings.TrimPrefix(err.Error(), "config.yaml: ")
}

// Every bad file names one mistake; its .error file holds the exact words.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(strings.TrimSuffix(file, ".yaml") + ".error")
			require.NoError(t, err)
			_, err = config.Load(file, nil)
			require.EqualError(t, err, file+": "+strings.TrimSpace(string(want)))
			require.NotContains(t, err.Error(), "hunter", "a secret may not appear in an error")
		})
	}
}

func TestShippedFileLoadsAndEqualsTheDefaults(t *testing.T) {
	shipped, err := config.Load("../../config.yaml", nil)
	require.NoError(t, err)
	require.EqualExportedValues(t, config.Default(), shipped)
	require.Equal(t, "guiju.db", shipped.Store.DSN.Reveal())
	require.Equal(t, config.App{Name: "assistant", AgentID: 1000002}, shipped.WeCom.Apps[0])
}

// The shipped file documents every key there is.
func TestShippedFileHasEveryKey(t *testing.T) {
	data, err := os.ReadFile("../../config.yaml")
	require.NoError(t, err)
	var tree map[string]any
	require.NoError(t, yaml.Unmarshal(data, &tree))
	var all map[string]any
	text, err := yaml.Marshal(config.Default())
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &all))
	require.Equal(t, keys("", all), keys("", tree))
}

func keys(path string, v any) []string {
	var found []string
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			found = append(found, keys(path+"."+key, child)...)
		}
	case []any:
		found = keys(path+"[]", v[0])
	default:
		found = []string{path}
	}
	slices.Sort(found)
	return found
}

func TestEmptyFileIsTheDefault(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "null\n", "server:\nwecom:\n", "wecom:\n  apps:\n  contacts:\n"} {
		require.EqualExportedValues(t, config.Default(), parse(t, text), "%q", text)
	}
}

func TestMissingFile(t *testing.T) {
	_, err := config.Load("testdata/none.yaml", nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestEveryValueIsRead(t *testing.T) {
	cfg := parse(t, `
server: {listen: ":80", public_url: "https://guiju.example.com/", shutdown_timeout: 1m}
log: {level: debug, format: json}
store: {driver: mysql, dsn: "root@tcp(127.0.0.1:3306)/guiju", migrate: manual}
redis: {address: "127.0.0.1:6379", password: p, db: 3}
wecom:
  corp_id: ww1234567890abcdef
  api_base_url: http://127.0.0.1:8090/
  timeout: 3s
  apps:
    - {name: a, agent_id: 1, secret: s, token: t, encoding_aes_key: `+aesKey+`, previous_token: pt, previous_encoding_aes_key: `+aesKey+`}
    - {name: b, agent_id: 2}
  contacts: {secret: cs, token: ct, encoding_aes_key: `+aesKey+`}
rulebook: ./rules.yaml
spool: {dir: /var/spool/guiju, max_bytes: 2097152}
media: {dir: /var/lib/guiju/media}
retention: {message_bodies: 720h}
`)
	key := config.NewSecret(aesKey)
	require.EqualExportedValues(t, config.Config{
		Server: config.Server{Listen: ":80", PublicURL: "https://guiju.example.com", ShutdownTimeout: time.Minute},
		Log:    config.Log{Level: "debug", Format: "json"},
		Store:  config.Store{Driver: "mysql", Migrate: "manual"},
		Redis:  config.Redis{Address: "127.0.0.1:6379", DB: 3},
		WeCom: config.WeCom{
			CorpID: "ww1234567890abcdef", APIBaseURL: "http://127.0.0.1:8090", Timeout: 3 * time.Second,
			Apps: []config.App{
				{Name: "a", AgentID: 1, Secret: config.NewSecret("s"), Token: config.NewSecret("t"), EncodingAESKey: key,
					PreviousToken: config.NewSecret("pt"), PreviousEncodingAESKey: key},
				{Name: "b", AgentID: 2},
			},
		},
		Rulebook:  "./rules.yaml",
		Spool:     config.Spool{Dir: "/var/spool/guiju", MaxBytes: 2097152},
		Media:     config.Media{Dir: "/var/lib/guiju/media"},
		Retention: config.Retention{MessageBodies: 720 * time.Hour},
	}, cfg)
	require.Equal(t, "root@tcp(127.0.0.1:3306)/guiju", cfg.Store.DSN.Reveal())
	require.Equal(t, "p", cfg.Redis.Password.Reveal())
	require.Equal(t, "s", cfg.WeCom.Apps[0].Secret.Reveal())
	require.Equal(t, "pt", cfg.WeCom.Apps[0].PreviousToken.Reveal())
	require.Equal(t, "cs", cfg.WeCom.Contacts.Secret.Reveal())
	require.Equal(t, aesKey, cfg.WeCom.Contacts.EncodingAESKey.Reveal())
	require.NoError(t, parse(t, "wecom: {corp_id: ww1, apps: [{name: a, agent_id: 1, secret: s, token: t, encoding_aes_key: "+aesKey+"}]}").Ready())
}

func TestEnvironment(t *testing.T) {
	cfg := parse(t, "log: {level: warn}\n",
		"GUIJU_LOG__LEVEL=debug", "GUIJU_STORE__DSN=/data/guiju.db", "GUIJU_RULEBOOK=/etc/rules.yaml",
		"GUIJU_REDIS__DB=4", "GUIJU_SERVER__SHUTDOWN_TIMEOUT=5s", "GUIJU_WECOM__CORP_ID=ww1",
		"GUIJU_WECOM__CONTACTS__SECRET=s3", "PATH=/bin")
	require.Equal(t, "debug", cfg.Log.Level, "the environment wins over the file")
	require.Equal(t, "/data/guiju.db", cfg.Store.DSN.Reveal())
	require.Equal(t, "/etc/rules.yaml", cfg.Rulebook)
	require.Equal(t, 4, cfg.Redis.DB)
	require.Equal(t, 5*time.Second, cfg.Server.ShutdownTimeout)
	require.Equal(t, "ww1", cfg.WeCom.CorpID)
	require.Equal(t, "s3", cfg.WeCom.Contacts.Secret.Reveal())
	require.Equal(t, "assistant", cfg.WeCom.Apps[0].Name)
}

func TestEnvironmentReachesIntoLists(t *testing.T) {
	cfg := parse(t, "", "GUIJU_WECOM__APPS__0__SECRET=s0")
	require.Equal(t, "assistant", cfg.WeCom.Apps[0].Name, "the default app keeps its name")
	require.Equal(t, "s0", cfg.WeCom.Apps[0].Secret.Reveal())

	cfg = parse(t, "wecom:\n  apps:\n    - {name: a, agent_id: 1}\n",
		"GUIJU_WECOM__APPS__1__NAME=b", "GUIJU_WECOM__APPS__1__AGENT_ID=2", "GUIJU_WECOM__APPS__0__TOKEN=tok")
	require.Len(t, cfg.WeCom.Apps, 2)
	require.Equal(t, "a", cfg.WeCom.Apps[0].Name)
	require.Equal(t, "tok", cfg.WeCom.Apps[0].Token.Reveal())
	require.Equal(t, int64(2), cfg.WeCom.Apps[1].AgentID)
}

func TestEnvironmentMistakesNameTheVariable(t *testing.T) {
	for want, environ := range map[string]string{
		"stoer: unknown key, did you mean store? (from GUIJU_STOER__DSN)":                                                    "GUIJU_STOER__DSN=x",
		"store.dns: unknown key, did you mean dsn? (from GUIJU_STORE__DNS)":                                                  "GUIJU_STORE__DNS=x",
		`log.level: must be debug or info or warn or error, not "loud" (from GUIJU_LOG__LEVEL)`:                              "GUIJU_LOG__LEVEL=loud",
		"wecom.apps: entries are numbered from 0 to 1 here (from GUIJU_WECOM__APPS__5__NAME)":                                "GUIJU_WECOM__APPS__5__NAME=x",
		"log.level: is a single value; it has no deep (from GUIJU_LOG__LEVEL__DEEP)":                                         "GUIJU_LOG__LEVEL__DEEP=x",
		"wecom.apps: must be a list (from GUIJU_WECOM__APPS)":                                                                "GUIJU_WECOM__APPS=[]",
		"redis.password: the environment variable NOWHERE is not set; set it, or use file:PATH (from GUIJU_REDIS__PASSWORD)": "GUIJU_REDIS__PASSWORD=${NOWHERE}",
		"wecom.apps[0].token: must be 1 to 32 letters and digits, as in 接收消息 → 设置API接收 (from GUIJU_WECOM__APPS__0__TOKEN)":   "GUIJU_WECOM__APPS__0__TOKEN=hunter-2",
	} {
		require.Equal(t, want, refused(t, "log: {level: info}\n", environ))
	}
}

func TestOtherVariablesAreLeftAlone(t *testing.T) {
	parse(t, "", "GUIJU_TEST_REDIS=x", "GUIJU_PORT=tcp://10.0.0.1:80", "GUIJU_SERVICE_HOST=10.0.0.1", "GUIJU=1")
}

func TestSecretsByReference(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte("from file\r\n"), 0o600))
	cfg := parse(t, `
store: {driver: mysql, dsn: "root:${DB_PASSWORD}@tcp(db:3306)/guiju"}
redis: {password: "file:`+path+`"}
wecom: {contacts: {secret: "${WECOM_SECRET}"}}
`, "DB_PASSWORD=a${WECOM_SECRET}b", "WECOM_SECRET=s=1")
	require.Equal(t, "root:a${WECOM_SECRET}b@tcp(db:3306)/guiju", cfg.Store.DSN.Reveal(), "a value is not expanded again")
	require.Equal(t, "from file", cfg.Redis.Password.Reveal())
	require.Equal(t, "s=1", cfg.WeCom.Contacts.Secret.Reveal())

	sqlite := parse(t, "store: {dsn: \"file:guiju.db?cache=shared\"}")
	require.Equal(t, "file:guiju.db?cache=shared", sqlite.Store.DSN.Reveal(), "an SQLite URI is no reference")

	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("x"), 65<<10), 0o600))
	require.Contains(t, refused(t, "redis: {password: \"file:"+path+"\"}"), "is larger than 65536 bytes")
}

func TestReadyNamesWhatIsMissing(t *testing.T) {
	cfg := parse(t, "wecom:\n  apps:\n    - {name: a, agent_id: 1, secret: s}\n")
	require.EqualError(t, cfg.Ready(), `config.yaml: 3 mistakes
  wecom.corp_id: is empty; copy 企业ID from 管理后台 → 我的企业 → 企业信息 (line 1)
  wecom.apps[0].token: is empty; copy Token from the app's 接收消息 → 设置API接收 (line 3)
  wecom.apps[0].encoding_aes_key: is empty; copy EncodingAESKey from the app's 接收消息 → 设置API接收 (line 3)`)
	require.ErrorContains(t, parse(t, "wecom: {corp_id: ww1, apps: []}").Ready(), "wecom.apps: is empty; create a self-built app")
}

func TestSecretsDoNotPrint(t *testing.T) {
	const secret = "hunter2hunter2"
	cfg := parse(t, "redis: {password: "+secret+"}\nwecom: {apps: [{name: a, agent_id: 1, secret: "+secret+", token: "+secret+"}]}\n")
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("config", "cfg", cfg, "secret", cfg.Redis.Password)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("config", "cfg", cfg, "secret", cfg.Redis.Password)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", cfg)
		fmt.Fprintf(&out, verb+"\n", cfg.Redis.Password)
		fmt.Fprintf(&out, verb+"\n", &cfg.Redis.Password)
		fmt.Fprintf(&out, verb+"\n", fmt.Errorf("wrap %v", cfg.WeCom.Apps))
	}
	require.NoError(t, json.NewEncoder(&out).Encode(cfg))
	require.NoError(t, yaml.NewEncoder(&out).Encode(cfg))
	require.NotContains(t, out.String(), secret)
	require.NotContains(t, out.String(), fmt.Sprintf("%x", secret))
	require.Contains(t, out.String(), "[hidden]")
	require.Empty(t, config.Secret{}.String())
}

func TestOversizeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("# x\n"), 300_000), 0o600))
	_, err := config.Load(path, nil)
	require.ErrorContains(t, err, "the file is larger than 1048576 bytes")
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, file := range append(files, "../../config.yaml") {
		if data, err := os.ReadFile(file); err == nil {
			f.Add(data, "GUIJU_WECOM__APPS__0__SECRET", "x")
		}
	}
	f.Add([]byte("a: &a [*a]"), "GUIJU_LOG__LEVEL", "info")
	f.Add([]byte("<<: {log: {level: debug}}"), "GUIJU_", "")
	f.Fuzz(func(t *testing.T, data []byte, name, value string) {
		if strings.Contains(string(data), "file:") || strings.Contains(value, "file:") {
			return // reads whatever file it names
		}
		cfg, err := config.Parse("config.yaml", data, []string{name + "=" + value})
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		_ = cfg.Ready()
		require.NotEmpty(t, cfg.Store.DSN.Reveal())
		require.NotEmpty(t, cfg.Spool.Dir)
	})
}
