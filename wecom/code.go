package wecom

// tokenCodes say that the access token (or ticket) was not accepted.
var tokenCodes = []int{40001, 40014, 42001, 42009, 42012}

// throttledCodes say that a quota or a concurrency limit was hit.
var throttledCodes = []int{45009, 45033, 45036, 85004, 640019, 640035, 846607, 2010003}

// concurrencyCodes are throttled codes that end as soon as fewer calls run at once.
var concurrencyCodes = []int{45033, 2010003}

// transientCodes are WeCom's own failures; everything it does not list as such needs a fix, not a retry [90313].
var transientCodes = []int{
	-1, 6000, 45035, 81026, 301022, 301026, 301057, 301064, 301067, 620004, 846609,
	2000111, 2000141, 2090726, 2543337,
}

// misconfiguredCodes need an administrator; advice.go has a remedy for each.
var misconfiguredCodes = []int{
	40013, 40056, 40057, 40091, 40093, 41002, 41004, 41024, 42015, 43009, 43012, 45024, 45031,
	48001, 48002, 48004, 48006, 48009, 48010, 50001, 50002, 50003, 50006,
	60011, 60020, 60021, 60031, 80001, 81011, 85005, 90206, 90207, 90208, 92000, 92001, 92002, 92003,
	93000, 93001, 93004, 94000, 94008, 301002, 301007, 301042, 301055, 301056, 301062, 301065, 301087, 301088, 301115,
	701008, 701016, 701099, 846601, 853000,
}

// apiGetToken is the only call where 40001 means a wrong secret; elsewhere it means a bad token (api.md 1.2).
const apiGetToken = "gettoken"

var codeClass = func() map[int]Class {
	m := map[int]Class{}
	for class, codes := range map[Class][]int{
		RefreshToken: tokenCodes, Throttled: throttledCodes, Transient: transientCodes, Misconfigured: misconfiguredCodes,
	} {
		for _, code := range codes {
			m[code] = class
		}
	}
	return m
}()

// classify returns the class of an errcode; codes not listed are Permanent.
func classify(api string, code int) Class {
	if api == apiGetToken && code == 40001 {
		return Misconfigured
	}
	if class, ok := codeClass[code]; ok {
		return class
	}
	if code == 0 {
		return OK
	}
	return Permanent
}
