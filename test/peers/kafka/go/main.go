// What franz-go sees of a broker. Called as `program <bootstrap> <scenario> <prefix> [argument...]`.
package main

import "os"

var scenarios = map[string]func(bootstrap, prefix string, arguments []string){
	"admin":        showAdmin,
	"codecs":       showCodecs,
	"idempotent":   showIdempotent,
	"transactions": showTransactions,
	"group":        showGroup,
	"static":       showStatic,
	"time":         showTime,
	"sasl":         showSasl,
}

func main() {
	bootstrap, scenario, prefix := os.Args[1], os.Args[2], os.Args[3]
	scenarios[scenario](bootstrap, prefix, os.Args[4:])
	printLine(map[string]any{"done": scenario})
}
