import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { onTestFinished } from 'vitest'
import { createTestIssuer, type TestIssuer } from '../../../src/testing/index.js'
import { readersFolder } from '../packed/packed-package.js'
import { startTlsFront, type TlsFront } from './tls-front.js'

/** A test issuer behind TLS, for processes whose environment says how they reach it. */
export interface ProxiedIssuer {
  readonly issuer: TestIssuer
  readonly front: TlsFront
  /** A file with the certificate that processes have to trust. */
  readonly certificateFile: string
}

/** Starts a test issuer behind TLS under a host name. */
export async function proxiedIssuer(host: string): Promise<ProxiedIssuer> {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  const front = await startTlsFront(host)
  front.forwardTo(issuer.url)
  const folder = mkdtempSync(join(tmpdir(), 'm2m-guard-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const certificateFile = join(folder, 'ca.pem')
  writeFileSync(certificateFile, front.certificate)
  return { issuer, front, certificateFile }
}

/** The service as a module. */
function serviceCode(): string {
  const source = readFileSync(new URL('./calling-process.ts', import.meta.url), 'utf8')
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
  return ts.transpileModule(source, { compilerOptions }).outputText
}

/** Has a process of its own decide about a valid token, and returns the outcome. */
export function decideInProcess(
  { issuer }: ProxiedIssuer,
  how: { readonly issuer: string; readonly env: Readonly<Record<string, string>>; readonly node?: string },
): Promise<string> {
  issuer.fail('discovery', { body: { issuer: how.issuer, jwks_uri: `${how.issuer}/jwks` } })
  const token = issuer.mintJwt({ claims: { iss: how.issuer }, expiresIn: '1h' })
  // In the reader's folder, evaluated code imports the packed package.
  const program = ['--input-type=module', '--eval', serviceCode(), how.issuer, issuer.audience, token]
  return new Promise((resolve, reject) => {
    execFile(
      how.node ?? process.execPath,
      program,
      { cwd: readersFolder(), env: { PATH: process.env['PATH'], ...how.env } },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout.trim())
        else reject(new Error(stderr, { cause: error }))
      },
    )
  })
}
