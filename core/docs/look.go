package docs

// Lengths are points; type sizes carry their Chinese names.
const (
	mm = 72 / 25.4

	pageWidth, pageHeight = 210 * mm, 297 * mm
	marginTop             = 37 * mm // 天头
	marginBottom          = 35 * mm
	marginLeft            = 28 * mm // 订口
	marginRight           = 26 * mm
	textWidth             = pageWidth - marginLeft - marginRight  // 版心 156 mm
	textHeight            = pageHeight - marginTop - marginBottom // 版心 225 mm

	size0Minor = 36.0 // 小初
	size1      = 26.0 // 一号
	size2      = 22.0 // 二号
	size2Minor = 18.0 // 小二
	size3      = 16.0 // 三号
	size4      = 14.0 // 四号
	size4Minor = 12.0 // 小四
	size5      = 10.5 // 五号
	size5Minor = 9.0  // 小五
	size6      = 7.5  // 六号
)

// look is how a kind of document is set.
type look struct {
	redHead bool
	frame   bool
	body    float64   // type size of body text
	pitch   float64   // distance of body lines
	title   float64   // type size of the title
	tables  []float64 // type sizes of tables, the first that lets every word stay whole is taken
	seal    float64   // blank space above the signature, for the seal
}

// Official papers have 22 lines of 28 characters (GB/T 9704); the compact kinds are print-outs and follow no standard.
var (
	paper   = look{redHead: true, body: size3, pitch: textHeight / 22, title: size2, tables: []float64{size4Minor, size5, size5Minor, size6}, seal: 2 * textHeight / 22}
	compact = look{body: size4Minor, pitch: 21, title: size2Minor, tables: []float64{size5, size5Minor, size6}, seal: 21}

	looks = map[Kind]look{
		Decision:     paper,
		Announcement: paper,
		Circular:     paper,
		Report:       without(paper),
		Statement:    compact,
		History:      compact,
		Certificate:  {frame: true, body: size4, pitch: 27, title: size1, tables: []float64{size4Minor, size5, size5Minor, size6}, seal: 2 * 27},
	}
)

func without(l look) look { l.redHead = false; return l }

// tracking is what to add after each character so that a whole number of full-width characters of the size fill the text width: 28 of 三号.
func tracking(size float64) float64 {
	n := float64(int(textWidth/size + 0.5))
	return textWidth/n - size
}
