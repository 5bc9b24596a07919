import { expect, it, vi } from 'vitest'
import { oauth } from '../../../src/index.js'
import { REFUSALS } from '../../../src/model/refusal/reasons.js'
import { REFUSED_REQUESTS, type RefusedRequest } from '../../support/refused-requests.js'
import { runWith, type Result } from '../../support/cli.js'
import { testBed } from '../../support/test-bed.js'
import { readPaper, ROOT } from './programs/support.js'

const PAGE = 'docs/operate/refused-requests.md'
/** The part before this line is written by hand. */
const MARKER =
  '<!-- The part below is generated: npx vitest run test/integration/docs/refused-requests.test.ts -u -->'

// The jitter of a backoff.
vi.spyOn(Math, 'random').mockReturnValue(0.5)

/** Reasons that no token of the command line causes: the proof of a request is not part of it. */
const IMPOSSIBLE: readonly string[] = ['proof_invalid']

interface Explained {
  readonly request: RefusedRequest
  readonly result: Result
  readonly secret: string
}

/** Runs the command of the page with the test issuer. */
async function explained(request: RefusedRequest): Promise<Explained> {
  const bed = await testBed({
    issuers: (by) => [oauth(by.oauth())],
    mint: { clientId: 'billing' },
    ...request.verifier?.(),
  })
  const secret = await request.token(bed)
  const args = ['explain', '-', '--config', './auth.mjs', ...wordsOf(request.options ?? '')]
  const result = await runWith(args, { config: { verifier: bed.verifier }, stdin: secret })
  return { request, result: { ...result, stdout: stable(result.stdout, bed.issuer.url) }, secret }
}

function wordsOf(options: string): readonly string[] {
  return [...options.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

/** Replaces what differs in each run: the port, the key id, the length and the fingerprint of the token. */
function stable(output: string, url: string): string {
  return output
    .replaceAll(url, 'https://auth.example.com')
    .replaceAll('https://api.test', 'https://orders.internal')
    .replace(/(the token has )(?!9000)\d+( characters)/g, '$1412$2')
    .replace(/(fingerprint of the token is )[\da-f]{16}/g, '$19f2c41d07be3a856')
    .replace(/(?<=kid is |the key )"(?!staging)[\w-]+"/g, '"2026-11"')
    .replace(/(?<=the key set lists )\[.*?\]/g, '["2026-11"]')
}

function sectionOf({ request: { reason, story, options }, result }: Explained): string {
  const command = ['npx m2m-guard explain - --config ./auth.mjs', ...(options === undefined ? [] : [options])]
  return `## \`${reason}\`\n\n${story}\n\n\`\`\`sh\n${command.join(' ')} < token.txt\n\`\`\`\n\n\`\`\`text\n${result.stdout.trimEnd()}\n\`\`\`\n`
}

it('the page shows one refusal per reason, as the command prints it', async () => {
  const all: Explained[] = []
  for (const request of REFUSED_REQUESTS) all.push(await explained(request))
  for (const { request, result, secret } of all) {
    expect(result.stdout).toContain(`reason ${request.reason}\nWhat to do: `)
    expect(result.stderr).toBe('')
    expect(result.code).toBe(result.stdout.includes('Result: undecidable') ? 2 : 1)
    for (const part of secret.split(/[ .]/).filter((one) => one.length > 20))
      expect(result.stdout).not.toContain(part)
  }
  expect(new Set(all.map(({ request }) => request.reason)).size).toBe(REFUSED_REQUESTS.length)
  const missing = Object.keys(REFUSALS).filter((reason) =>
    all.every(({ request }) => request.reason !== reason),
  )
  expect(missing.filter((reason) => !IMPOSSIBLE.includes(reason))).toEqual([])
  const [written] = readPaper(PAGE).split(MARKER)
  const page = `${written ?? ''}${MARKER}\n\n${all.map(sectionOf).join('\n')}`
  await expect(page).toMatchFileSnapshot(`${ROOT}${PAGE}`)
})
