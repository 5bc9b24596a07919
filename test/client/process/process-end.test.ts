import { spawn } from 'node:child_process'
import type { RequestListener } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bundleProgram } from '../../support/processes/bundle.js'
import { serve } from '../../support/servers/servers.js'

const program = new URL('./calling-process.ts', import.meta.url)

/** Runs the calling program. Returns its output and its exit code, which is 13 if it ended in an unsettled await. */
async function run(
  mode: string,
  url: string,
): Promise<{ readonly code: number | null; readonly lines: string }> {
  const child = spawn(process.execPath, [bundleProgram(program), mode, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let lines = ''
  child.stdout.on('data', (chunk: Buffer) => (lines += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => {
    child.on('close', resolve)
  })
  return { code, lines }
}

const TOKEN = JSON.stringify({ access_token: 'a', token_type: 'Bearer', expires_in: 3600 })
const issue: RequestListener = (_request, response) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(TOKEN)
const hang: RequestListener = () => undefined

describe('a process that only awaits getToken()', () => {
  it('receives the token and ends', async () => {
    expect(await run('plain', await serve(issue))).toEqual({ code: 0, lines: 'obtained\n' })
  })

  it('receives the error of an issuer that does not respond, and does not end with exit code 13', async () => {
    expect(await run('hanging issuer', await serve(hang))).toEqual({ code: 0, lines: 'issuer_unavailable\n' })
  })

  it('receives the error of a secret function that never settles, and does not end with exit code 13', async () => {
    const result = await run('hanging secret', await serve(issue))
    expect(result).toEqual({ code: 0, lines: 'credentials_unavailable\n' })
  })

  it('ends while a renewal in the background gets no response', async () => {
    let count = 0
    const url = await serve((request, response) => {
      count += 1
      if (count === 1) issue(request, response)
    })
    expect(await run('renewal', url)).toEqual({ code: 0, lines: 'obtained\nrenewing\n' })
  })
})
