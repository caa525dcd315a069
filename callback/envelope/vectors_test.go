package envelope

// The vectors of callbacks.md 1.11. A and C are the platform's published samples, E is the project's own.

const (
	tokenA, aesKeyA, corpA = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"
	tokenE, aesKeyE, corpE = "FixtureToken01", "Q7mZ2vXk9TjRwLbN4eHsYdPcGfUa1oKi8rVtBx0zMnE", "wwfixture00000001"
)

var (
	queryA1 = Query{"5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", "1409659589", "263014780"}
	queryA2 = Query{"477715d11cdb4164915debcba66cb864d751f3e6", "1409659813", "1372623149"}
	queryC2 = Query{"1f3153b7abd0ba99b4ab2e57fac2376110d03a3c", "1409659813", "1372623149"}
)

const (
	cipherA1 = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
	cipherA2 = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
	cipherC2 = "pvXgeha3nZ7UQ2DG3WD3IVsNJR38QVl1+h+wmLQHIAwEG3Jey2aTZtvAWzhEZ9JEKGwIUMBWX3JlUhfo7O7WbvI10vHIsdSNr1nr3LuOwAfnwLJAMQNDxi5tHUl08Op59jxOL73r8+g60KOxMTaFwXzlr9Yxgq5ey5nzNb/2vDjjvDZNXkJVmL/XWnv6PXrVbTpNxphqWRv2BpPYqvwRMkHgdFliatljMVlkkRHS40FOHmtBhj/4RXtIexfDx8opBXwi0L9RTlYNQzGx+FA+74xVHG7Le/pmNDwc2Ri5mbw="
	echoA1   = "1616140317555161061"
)

const messageA2 = `<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>
<FromUserName><![CDATA[mycreate]]></FromUserName>
<CreateTime>1409659813</CreateTime>
<MsgType><![CDATA[text]]></MsgType>
<Content><![CDATA[hello]]></Content>
<MsgId>4561255354251345929</MsgId>
<AgentID>218</AgentID>
</xml>`

const messageC2 = `{ "ToUserName": "wx5823bf96d3bd56c7", "FromUserName": :mycreate", "CreateTime": 1409659813, "MsgType": "text", "Content": "hello", "MsgId": 4561255354251345929, "AgentID": 218}`

const messageE2 = `<xml><ToUserName><![CDATA[wwfixture00000001]]></ToUserName><FromUserName><![CDATA[chenmo]]></FromUserName><CreateTime>1767225601</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好, A&B <ok>]]></Content><MsgId>7302915640082374650</MsgId><AgentID>1000042</AgentID></xml>`

// sealed is a deterministic vector: the plaintext parts and what they must become.
type sealed struct {
	receiveID, random, message  string
	timestamp, nonce, signature string
	cipher                      string
}

var vectorsE = map[string]sealed{
	"E1 echo": {corpE, "0123456789abcdef", "5189364072215543870", "1767225600", "1029384756", "4460daa62e9fa9a542a48eb17a4ff16dc6a2ed49",
		"ZpIWKqNwR3LWBKeHMbGpZS6t8XJd9ykTAc5T5O1dMgFfaTquTmKrqHI5To9LCfytHL9etkvfEBXv50GOgXhuoQ=="},
	"E2 markup and Chinese": {corpE, "fedcba9876543210", messageE2, "1767225601", "564738291", "b26d9ff84e0a9d7d7d4404f9848b6067f9df9cb0",
		"HhCG2KoXosKQHdmhxcd7/mCjawBdbgxVs0iSaZJzspu1tAzfoIDEqQsUn00uJ1MGB7EwjFnBpSC4fQfMrYJSI4nPB5lvUeoS3lz1euLTtuhQWtGOUbeGfKFAeh6bH0qLcth0TMdIXR/EVTXtnLwqLkIbm+Jyp0G7JEfEuLIZ1xlSpM3+lOlxnrOjsKZReeNDW2iJ30i4Es8c7y1RfPfM9w6BWtpm64/aALSR8W4rz//6VRAS1zTTyekp3ZvTrLFHxt3OXpiGVX4sJfGRjWV7czdAR0MFxk4H1rXzdT6jN+D/SgjPAS+yB8xLYSGDJd1ErwLEjXxKjP+krCNgMg9vayIWFeyqrtd9cd9GmkAaDgvU0yOEcMDyAnUfHdXTLfrZlCe8W5vRUVPX6ABeeFUEcBOm/hP6eAB+iOyRv26WvA/B+a+LU+wH83WADDmp7Wnh3ccu3AG+ndfgH1zDTBDsuA=="},
	"E3 padding of a whole block": {corpE, "AAAABBBBCCCCDDDD", "xxxxxxxxxxxxxxxxxxxxxxxxxxx", "1767225602", "1", "7850f34ae552e64dd75c4bc7aa6a45301badc811",
		"FjuhPjM6MKJ2NSPfXlWnGCubAsCppOQmZwSSQFphCQAKH+NiOpn6L4dUHzPhYSVaqxLPhMJz+TKXd11tbBBlV85aRkuyW3aXdRfix9pofbyeaSfqd/tVAtBY5EQmyh/A"},
	"E4 empty receive id": {"", "0123456789abcdef", `{"msgtype":"text"}`, "1767225603", "2", "0c732a912a928db0ad001c3f03ed1f2c35aef4e5",
		"ZpIWKqNwR3LWBKeHMbGpZU+e5l93dSQjSbvh+8VX3cH4KLBkqa2KmyHVqPc4bU+fr7aXacM6f6t7sPtaurJ1qg=="},
}
