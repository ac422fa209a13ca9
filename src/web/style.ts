/** How pages look: light and dark as the reader's system is, down to 360 px, without a font or picture from anywhere. */
export const style = `
:root { color-scheme: light dark; --text: #1f2328; --quiet: #59636e; --page: #ffffff; --panel: #f6f8fa; --line: #d1d9e0;
  --link: #0550ae; --passes: #1a7f37; --waits: #9a6700; --fails: #c4202b; --one: #0969da; --two: #8250df; }
@media (prefers-color-scheme: dark) { :root { --text: #f0f6fc; --quiet: #a2acb6; --page: #0d1117; --panel: #161b22; --line: #3d444d;
  --link: #79b8ff; --passes: #3fb950; --waits: #d29922; --fails: #ff7b72; --one: #58a6ff; --two: #bc8cff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
body > header, main, body > footer { max-width: 72rem; margin: 0 auto; padding: 1rem; }
body > header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; border-bottom: 1px solid var(--line); }
body > header > :first-child { font-weight: 600; margin-right: auto; }
body > footer { border-top: 1px solid var(--line); color: var(--quiet); font-size: .875rem; }
a { color: var(--link); }
button { font: inherit; color: var(--text); background: var(--panel); border: 1px solid var(--line); border-radius: .375rem; padding: .25rem .75rem; cursor: pointer; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -999rem; } .skip:focus { position: static; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; } h2 { font-size: 1.125rem; margin: 2rem 0 .5rem; }
p { margin: .5rem 0; max-width: 48rem; }
.quiet { color: var(--quiet); }
code, pre { font-family: ui-monospace, monospace; font-size: .875em; background: var(--panel); border-radius: .25rem; }
code { padding: .1em .3em; } pre { padding: 1rem; overflow-x: auto; }
.state { border: 1px solid var(--line); border-left: .5rem solid; border-radius: .375rem; padding: .75rem 1rem; background: var(--panel); margin: 1rem 0; }
.state code { background: var(--page); }
.state > p:first-child { font-size: 1.125rem; font-weight: 600; }
.success { border-left-color: var(--passes); } .action_required { border-left-color: var(--waits); }
.failure { border-left-color: var(--fails); } .neutral { border-left-color: var(--quiet); }
.table { overflow-x: auto; border: 1px solid var(--line); border-radius: .375rem; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem; border-top: 1px solid var(--line); min-width: 6rem; }
thead th { border-top: 0; background: var(--panel); }
td.number { font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; overflow-x: auto; } figcaption { color: var(--quiet); font-size: .875rem; }
svg { display: block; width: 100%; max-width: 48rem; height: auto; font: 12px system-ui, sans-serif; fill: var(--text); }
svg .grid { stroke: var(--line); } svg path { fill: none; stroke-width: 2; }
svg .one path { stroke: var(--one); } svg .one circle, svg text.one { fill: var(--one); }
svg .two path { stroke: var(--two); stroke-dasharray: 6 4; } svg .two circle, svg text.two { fill: var(--two); }
ol.history { list-style: none; margin: 0; padding: 0; }
ol.history li { border-left: 3px solid var(--line); padding: 0 0 1rem 1rem; }
ol.history time { display: block; color: var(--quiet); font-size: .875rem; }
`;
