package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/rulebook"
	"guiju/store"
	"guiju/store/spool"
)

const (
	// skewDatabase is how far the clocks of a replica and the database may differ.
	skewDatabase = 2 * time.Second
	// skewWeCom is the same for WeCom's clock, which its answers show in whole
	// seconds and which only needs to be near.
	skewWeCom = 30 * time.Second
)

// rulebookFile reads the rules, whose time zone the database needs too.
func (d *doctor) rulebookFile() Finding {
	const title = "规则文件"
	book, err := rulebook.Load(d.Config.Rulebook)
	if err != nil {
		return bad(title, err.Error(), pageRulebook, "按提示改正，再运行 guiju check。")
	}
	d.book = book
	return fine(title, "没有错误")
}

// database opens the database as it is; the schema is not touched.
func (d *doctor) database(ctx context.Context) []Finding {
	const title = "数据库"
	c, zone := d.Config.Store, time.UTC
	if d.book != nil {
		zone = d.book.Engine.Calendar().Location()
	}
	if _, err := os.Stat(c.DSN.Reveal()); c.Driver == "sqlite" && errors.Is(err, fs.ErrNotExist) {
		return []Finding{bad(title, "数据库文件还不存在", pageConfig, "第一次使用先运行 guiju migrate；否则检查 store.dsn 和运行目录。")}
	}
	db, err := store.Open(store.Config{Driver: c.Driver, DSN: c.DSN.Reveal(), Migrate: "manual"},
		store.Options{Now: d.Machine, Logger: quiet(), Zone: zone})
	if err != nil {
		return []Finding{bad(title, err.Error(), pageConfig, "检查 store.driver 和 store.dsn。")}
	}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	if err := db.Ready(ctx); err != nil {
		remedy := "检查数据库是否在运行、store.dsn 的地址和账号；表不完整时运行 guiju migrate。"
		return []Finding{bad(title, errors.Join(err, db.Close()).Error(), pageConfig, remedy)}
	}
	d.db = db
	err = db.InBackground(ctx, func(tx *store.Tx) error { return tx.SetSetting("doctor.ran", d.Machine()) })
	if err != nil {
		remedy := "让运行服务的用户可以写入：sqlite 检查数据库文件和所在目录的权限、磁盘空间；mysql 检查账号权限，以及是否连到了只读的副本。"
		return []Finding{bad(title, "可以读取，不能写入："+err.Error(), pageServer, remedy)}
	}
	all := []Finding{fine(title, "%s，可以使用", c.Driver)}
	before := d.Machine()
	server, err := db.ServerTime(ctx)
	if err != nil {
		return append(all, bad("数据库时钟", err.Error(), pageConfig, "稍后再试。"))
	}
	if db.Dialect() == "sqlite" {
		return all // its clock is this machine's
	}
	return append(all, judgeClock("数据库时钟", "数据库服务器", middle(before, d.Machine()).Sub(server), skewDatabase))
}

// redis pings the optional Redis.
func (d *doctor) redis(ctx context.Context) Finding {
	const title = "Redis"
	c := d.Config.Redis
	if c.Address == "" {
		return unchecked(title, "没有使用")
	}
	r := store.OpenRedis(store.RedisConfig{Address: c.Address, Password: c.Password.Reveal(), DB: c.DB}, "guiju:", quiet())
	defer r.Close()
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	if err := r.Ping(ctx); err != nil {
		return bad(title, err.Error(), pageConfig, "检查 Redis 是否在运行，以及 redis.address、redis.password、redis.db；不用 Redis 时把 redis.address 留空。")
	}
	return fine(title, "可以使用")
}

// spool looks whether callbacks could be stored while the database is away.
func (d *doctor) spool() Finding {
	const title = "暂存目录"
	c := d.Config.Spool
	s, err := spool.Open(c.Dir, c.MaxBytes)
	if errors.Is(err, spool.ErrInUse) {
		return fine(title, "%s，运行中的服务正在使用", c.Dir)
	}
	if err != nil {
		return bad(title, err.Error(), pageConfig, "检查 spool.dir：目录要可写，磁盘要有空间。")
	}
	waiting, notReady := s.Len(), s.Ready()
	if err := errors.Join(notReady, s.Close()); err != nil {
		return bad(title, err.Error(), pageConfig, "检查 spool.dir：目录要可写，磁盘要有空间。")
	}
	if waiting > 0 {
		return bad(title, fmt.Sprintf("有 %d 个回调等待写入数据库", waiting), pageServer, "启动 guiju serve，它会按原顺序处理。")
	}
	return fine(title, "%s，可以写入", c.Dir)
}

// clock compares this machine's clock with WeCom's.
func (d *doctor) clock(ctx context.Context) Finding {
	const title = "时钟"
	base := d.Config.WeCom.APIBaseURL
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, base+"/", nil)
	if err != nil {
		return bad(title, "wecom.api_base_url 不是网址", pageConfig, "改回 https://qyapi.weixin.qq.com。")
	}
	before := d.Machine()
	answer, err := d.http.Do(request)
	if err != nil {
		return bad(title, "连接不上 "+base+"："+reason(err), pageServer, "检查服务器能否访问外网、DNS 和代理，以及 wecom.api_base_url。")
	}
	answer.Body.Close()
	theirs, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return unchecked(title, "企业微信的应答没有时间，未比较")
	}
	// Date was cut to the second.
	return judgeClock(title, "企业微信", middle(before, d.Machine()).Sub(theirs.Add(500*time.Millisecond)), skewWeCom)
}

func middle(a, b time.Time) time.Time { return a.Add(b.Sub(a) / 2) }

func judgeClock(title, whose string, skew, allowed time.Duration) Finding {
	if skew.Abs() <= allowed {
		return fine(title, "与%s一致", whose)
	}
	word := "快"
	if skew < 0 {
		word = "慢"
	}
	return bad(title, fmt.Sprintf("本机比%s%s %s", whose, word, skew.Abs().Round(time.Second)), pageServer,
		"开启自动校时（如 chrony 或 systemd-timesyncd），运行 timedatectl 确认时间已同步。")
}

// rules looks for what in the rules in force will surprise the company.
func (d *doctor) rules(ctx context.Context) []Finding {
	if d.book == nil {
		return nil
	}
	book, org, now := d.book, (*policy.Org)(nil), d.Machine()
	if d.db != nil {
		var err error
		if book, org, err = d.inForce(ctx); err != nil {
			return []Finding{bad("规则", err.Error(), pageConfig, "稍后再试；一直出现时检查数据库。")}
		}
	}
	var all []Finding
	for _, f := range rulebook.Check(book, org, now) {
		if org == nil && f.Path == "departments" {
			all = append(all, unchecked("规则 "+f.Path, "还没有读取通讯录，未对照部门"))
			continue
		}
		// Every gap has a fallback, so none is a failure.
		all = append(all, hint("规则 "+f.Path, f.Text, pageRulebook, f.Remedy+"。"))
	}
	if len(all) == 0 {
		all = append(all, fine("规则", "没有发现问题"))
	}
	return all
}

// inForce reads the active rulebook and the company. Without members in the
// mirror the company is not known yet, and only the rules are judged.
func (d *doctor) inForce(ctx context.Context) (*rulebook.Book, *policy.Org, error) {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	r, book := d.db.Reader(ctx), d.book
	row, err := r.ActiveRulebook(r.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return nil, nil, err
	default:
		if book, err = (rulebook.Version{Number: int(row.Version), Values: row.Body}).Book(); err != nil {
			return nil, nil, err
		}
	}
	departments, err := r.Departments()
	if err != nil || len(departments) == 0 {
		return book, nil, err
	}
	mirror := people.New(d.db, nil, nil, func() *policy.Engine { return book.Engine }, quiet())
	org, err := mirror.Org(r)
	return book, org, err
}
