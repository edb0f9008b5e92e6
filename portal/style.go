package portal

// css is the whole style of the public pages: system fonts, no scripts, prints black on white.
const css = `
:root{--ink:#1f2329;--mute:#595f69;--line:#d5dbe3;--blue:#1351b4;--deep:#0e3f8f;--pale:#eef3fb;--bad:#c00000;--ok:#0b6b3a}
*{box-sizing:border-box}
html{font-family:"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;color:var(--ink);line-height:1.7;font-size:16px}
body{margin:0;background:#fff}
a{color:var(--blue)}a:focus-visible,input:focus-visible,button:focus-visible,select:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid #f5a623;outline-offset:2px}
.skip,.hide{position:absolute;left:-9999px}.skip:focus{left:1rem;top:.5rem;background:#fff;padding:.3rem .8rem;z-index:9}
.in{max-width:1180px;margin:0 auto;padding:0 1rem}
header{background:var(--blue);color:#fff}
header>.in{display:flex;align-items:center;gap:1rem 1.5rem;padding-top:.8rem;padding-bottom:.8rem}
header .name{font-size:1.35rem;font-weight:600;color:#fff;text-decoration:none;letter-spacing:.02em;flex:1 1 auto}
.seek{display:flex;flex:0 1 24rem}.seek input{flex:1 1 auto;width:100%;border-color:#fff;border-radius:2px 0 0 2px}
.seek button{background:#fff;color:var(--blue);border-color:#fff;border-left-color:var(--line);border-radius:0 2px 2px 0;white-space:nowrap}
.enter{color:#fff;border:1px solid #fff;padding:.35rem 1rem;border-radius:2px;text-decoration:none;white-space:nowrap}.enter:hover{background:var(--deep)}
nav{background:var(--deep)}nav .in{display:flex;gap:0}
nav>.in>a,nav summary{color:#fff;text-decoration:none;padding:.5rem 1.1rem;white-space:nowrap;cursor:pointer;list-style:none;display:block}
nav>.in>a:first-child{margin-left:-1.1rem}
nav summary::-webkit-details-marker{display:none}nav summary::after{content:"";display:inline-block;margin-left:.45rem;border:.28rem solid transparent;border-top-color:currentColor;transform:translateY(.14rem)}
nav details[open]>summary::after{transform:translateY(-.14rem) rotate(180deg)}
nav details{position:relative}nav>.in>a:hover,nav summary:hover,nav details[open]>summary{background:var(--blue)}
nav>.in>a[aria-current],nav .here>summary{box-shadow:inset 0 -3px #fff}
nav ul{position:absolute;left:0;top:100%;z-index:5;min-width:11rem;margin:0;padding:.3rem 0;list-style:none;background:#fff;border:1px solid var(--line);box-shadow:0 4px 14px rgba(0,0,0,.14)}
nav li a{display:block;padding:.4rem 1.1rem;color:var(--ink);text-decoration:none;white-space:nowrap}nav li a:hover{background:var(--pale)}nav li a[aria-current]{color:var(--blue);font-weight:600}
.demo{background:#fff4d6;color:#5c4300;text-align:center;font-size:.9rem;padding:.25rem 1rem}
main{padding:1.5rem 0 3rem;min-height:60vh}
h1{font-size:1.5rem;margin:.2rem 0 1rem;line-height:1.35;overflow-wrap:anywhere}h2{font-size:1.15rem;margin:2rem 0 .6rem;border-left:4px solid var(--blue);padding-left:.6rem}
.mute{color:var(--mute);font-size:.9rem}.base{margin:.4rem 0 0}
.cards{display:grid;grid-template-columns:repeat(4,1fr);gap:1rem;margin:0;padding:0;list-style:none}
.card{border:1px solid var(--line);padding:.8rem 1rem;background:var(--pale)}
.card strong{display:block;font-size:1.9rem;line-height:1.25;color:var(--blue);font-variant-numeric:tabular-nums}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:0 2.5rem}
.steps{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.8rem;margin:0;padding:0;list-style:none;counter-reset:s}
.steps li{border:1px solid var(--line);border-top:3px solid var(--blue);padding:.7rem .9rem;counter-increment:s}.steps strong{display:block}.steps strong::before{content:counter(s) "　";color:var(--blue)}.steps span{color:var(--mute);font-size:.9rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.95rem}
th,td{border:1px solid var(--line);padding:.45rem .6rem;text-align:left;vertical-align:top}
td{overflow-wrap:anywhere;min-width:4.5rem}th{background:var(--pale);font-weight:600;white-space:nowrap}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td.t{white-space:nowrap}td.d{min-width:6.4rem;overflow-wrap:normal}td.p{min-width:11rem}
tr.head td{background:#f6f7f9;font-weight:600}
td.c,.code{font-family:ui-monospace,Consolas,"Noto Sans Mono CJK SC",monospace;font-size:.9em;overflow-wrap:anywhere}td.c{min-width:9rem}dd .code{word-break:break-all}
ul.lines{list-style:none;margin:0;padding:0}ul.lines li{border-bottom:1px dashed var(--line);padding:.5rem 0;display:flex;gap:.2rem 1rem;justify-content:space-between;align-items:baseline;flex-wrap:wrap}
ul.lines li>*{overflow-wrap:anywhere}
.tag{display:inline-block;border:1px solid var(--blue);color:var(--blue);padding:0 .4rem;font-size:.85rem;margin-right:.4rem;white-space:nowrap}
.tag.live,.tag.open{border-color:var(--bad);color:var(--bad)}.tag.done{border-color:var(--ok);color:var(--ok)}
form.find{display:flex;flex-wrap:wrap;gap:.6rem;margin:0 0 1rem;align-items:end}
form.find label{display:flex;flex-direction:column;font-size:.9rem;color:var(--mute);max-width:100%}
input,select,button{font:inherit;padding:.4rem .7rem;border:1px solid #8a94a3;border-radius:2px;min-width:0;max-width:100%}
input[type=search]{width:min(24rem,100%)}form.find input[type=search]{width:min(24rem,85vw)}input.wide{width:min(44rem,90vw);font-family:ui-monospace,Consolas,monospace}
input[type=file]{background:#fff}
button{background:var(--blue);border-color:var(--blue);color:#fff;cursor:pointer}button:hover{background:var(--deep)}
dl{display:grid;grid-template-columns:minmax(7rem,14rem) minmax(0,1fr);border-top:1px solid var(--line);margin:0}
dt,dd{margin:0;padding:.45rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere;white-space:pre-line}dt{background:var(--pale);color:#454b55}
dl.codes{grid-template-columns:minmax(9rem,20rem) minmax(0,1fr)}dl.codes p{margin:0}dt:target{background:#fff4d6;outline:2px solid #f5a623}
.result{border:2px solid var(--ok);padding:.8rem 1.2rem;margin:1rem 0}.result.no{border-color:var(--bad)}.result.wait{border-color:#a36a00}.result p{margin:.3rem 0}.result dl{margin-top:.6rem}
.say{color:var(--bad)}
.pager{display:flex;flex-wrap:wrap;gap:.4rem 1.5rem;margin-top:1rem}
.more summary{cursor:pointer;color:var(--blue);margin:.8rem 0}
h1.form{text-align:center;letter-spacing:.3em}table.form th{width:11rem}td.blank{height:2.6rem}td.tall{height:16rem}
pre{background:#f6f7f9;padding:.8rem;overflow-x:auto;border:1px solid var(--line);white-space:pre-wrap;overflow-wrap:anywhere}
footer{border-top:1px solid var(--line);background:#f6f7f9;font-size:.9rem;color:var(--mute)}footer .in{padding:1.2rem 1rem;display:flex;flex-wrap:wrap;gap:.3rem 1.5rem}
@media(max-width:760px){
header>.in{flex-wrap:wrap}header .name{font-size:1.15rem}.seek{order:3;flex:1 1 100%}
nav .in{flex-wrap:wrap;padding:0 .4rem}nav>.in>a,nav summary{padding:.5rem .6rem}nav>.in>a:first-child{margin-left:0}nav details{position:static}nav .in{position:relative}
nav ul{left:0;right:0}nav li a{padding:.6rem 1rem}
dl,dl.codes{grid-template-columns:minmax(0,1fr)}dt{border-bottom:0;padding-bottom:.1rem}dd{padding-top:.1rem;background:#fff}
.cards{grid-template-columns:1fr 1fr;gap:.6rem}.steps{grid-template-columns:1fr}h1{font-size:1.3rem}ul.lines li{flex-direction:column;gap:.1rem}table{font-size:.9rem}.scroll table{min-width:42rem}table.form th{width:6.5rem;white-space:normal}
}
@media print{header,footer,form,.pager,.demo,.skip,.noprint{display:none}main{padding:0}a{color:inherit;text-decoration:none}thead{display:table-header-group}tr{break-inside:avoid}td.tall{height:9cm}}
`
