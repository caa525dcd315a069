package wecom

import "context"

// Agent is the app as WeCom knows it; its visible range is AllowUsers, AllowParties and AllowTags together.
type Agent struct {
	ID             int64
	Name           string
	Description    string
	LogoURL        string
	HomeURL        string
	RedirectDomain string
	AllowUsers     []string
	AllowParties   []int
	AllowTags      []int
	Closed         bool
	ReportLocation bool
	ReportEnter    bool
}

// HasVisibleMembers reports whether the visible range names anybody.
func (a Agent) HasVisibleMembers() bool {
	return len(a.AllowUsers)+len(a.AllowParties)+len(a.AllowTags) > 0
}

// Agent reads the app itself (agent/get [90227]); 301002 means that agent id and secret do not belong together.
func (c *Client) Agent(ctx context.Context) (Agent, error) {
	var got struct {
		AgentID        int64  `json:"agentid"`
		Name           string `json:"name"`
		SquareLogoURL  string `json:"square_logo_url"`
		Description    string `json:"description"`
		AllowUserinfos struct {
			User []struct {
				UserID string `json:"userid"`
			} `json:"user"`
		} `json:"allow_userinfos"`
		AllowPartys struct {
			PartyID []int `json:"partyid"`
		} `json:"allow_partys"`
		AllowTags struct {
			TagID []int `json:"tagid"`
		} `json:"allow_tags"`
		Close              int    `json:"close"`
		RedirectDomain     string `json:"redirect_domain"`
		ReportLocationFlag int    `json:"report_location_flag"`
		IsReportEnter      int    `json:"isreportenter"`
		HomeURL            string `json:"home_url"`
	}
	if err := c.call(ctx, get("agent/get", c.agentQuery()), &got); err != nil {
		return Agent{}, err
	}
	a := Agent{
		ID: got.AgentID, Name: got.Name, Description: got.Description, LogoURL: got.SquareLogoURL, HomeURL: got.HomeURL,
		RedirectDomain: got.RedirectDomain, AllowParties: got.AllowPartys.PartyID, AllowTags: got.AllowTags.TagID,
		Closed: got.Close == 1, ReportLocation: got.ReportLocationFlag == 1, ReportEnter: got.IsReportEnter == 1,
	}
	for _, u := range got.AllowUserinfos.User {
		a.AllowUsers = append(a.AllowUsers, u.UserID)
	}
	return a, nil
}

// APIDomainIPs returns the addresses of WeCom's API servers, for an outgoing firewall [92520].
func (c *Client) APIDomainIPs(ctx context.Context) ([]string, error) {
	return c.ipList(ctx, "get_api_domain_ip")
}

// CallbackIPs returns the addresses callbacks come from, for an incoming allow-list; the list changes [92521].
func (c *Client) CallbackIPs(ctx context.Context) ([]string, error) {
	return c.ipList(ctx, "getcallbackip")
}

func (c *Client) ipList(ctx context.Context, api string) ([]string, error) {
	var got struct {
		IPList []string `json:"ip_list"`
	}
	err := c.call(ctx, get(api, nil), &got)
	return got.IPList, err
}
