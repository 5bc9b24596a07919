import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { cliBed } from '../../support/cli.js'
import { selfSigned } from '../../support/servers/certificate.js'
import { ecPair, run, writeFiles } from './support.js'

const { privateKey: PEM } = ecPair()
const JWK = createPrivateKey(PEM).export({ format: 'jwk' })
const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.hunter2'
const [OWN, OTHER] = ['a', 'b'].map((name) => selfSigned(name, new Date(0), new Date(2e12)))
const WEAK = generateKeyPairSync('rsa', {
  modulusLength: 1024,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey
const ENCRYPTED = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
}).privateKey

/** Files by the variable that names them. Other variables have their value. */
type Given = Readonly<Record<string, string | { readonly file: string }>>

const KEY = { file: PEM }
const ASSERTION = { file: JWT }
const CERT = { file: OWN!.cert }
const CERT_KEY = { file: OWN!.key }

const CASES: readonly (readonly [name: string, given: Given, flags: string, message: RegExp])[] = [
  [
    'nothing',
    {},
    '',
    /OAUTH_CLIENT_SECRET is not set\. Set OAUTH_ISSUER, OAUTH_CLIENT_ID, and one of: OAUTH_CLIENT_SECRET, OAUTH_CLIENT_KEY_FILE, OAUTH_CLIENT_ASSERTION_FILE, OAUTH_TLS_CERT_FILE and OAUTH_TLS_KEY_FILE, OAUTH_CLIENT_AUTHENTICATION in the environment/,
  ],
  [
    'a secret and a key',
    { OAUTH_CLIENT_SECRET: 'hunter2', OAUTH_CLIENT_KEY_FILE: KEY },
    '',
    /OAUTH_CLIENT_KEY_FILE: has no effect with --authentication basic\. Leave it out, or set --authentication to 'private_key_jwt'/,
  ],
  [
    'a secret and a key, with private_key_jwt',
    { OAUTH_CLIENT_SECRET: 'hunter2', OAUTH_CLIENT_KEY_FILE: KEY },
    '--authentication private_key_jwt',
    /OAUTH_CLIENT_SECRET: has no effect with --authentication private_key_jwt\. Leave it out, or set --authentication to 'basic' or 'post'/,
  ],
  [
    'a secret and an assertion',
    { OAUTH_CLIENT_SECRET: 'hunter2', OAUTH_CLIENT_ASSERTION_FILE: ASSERTION },
    '',
    /OAUTH_CLIENT_SECRET: cannot be combined with OAUTH_CLIENT_ASSERTION_FILE\. Leave out the secret/,
  ],
  [
    'a key and an assertion',
    { OAUTH_CLIENT_KEY_FILE: KEY, OAUTH_CLIENT_ASSERTION_FILE: ASSERTION },
    '',
    /OAUTH_CLIENT_KEY_FILE: cannot be combined with OAUTH_CLIENT_ASSERTION_FILE/,
  ],
  [
    'a key id with an assertion',
    { OAUTH_CLIENT_KEY_ID: 'a', OAUTH_CLIENT_ASSERTION_FILE: ASSERTION },
    '',
    /OAUTH_CLIENT_KEY_ID: has no effect with OAUTH_CLIENT_ASSERTION_FILE/,
  ],
  [
    'an algorithm with a secret',
    { OAUTH_CLIENT_KEY_ALGORITHM: 'ES256', OAUTH_CLIENT_SECRET: 'hunter2' },
    '',
    /OAUTH_CLIENT_KEY_ALGORITHM: has no effect with --authentication basic/,
  ],
  [
    'a secret with none',
    { OAUTH_CLIENT_SECRET: 'hunter2' },
    '--authentication none',
    /OAUTH_CLIENT_SECRET: has no effect with --authentication none/,
  ],
  [
    'post without a secret',
    {},
    '--authentication post',
    /OAUTH_CLIENT_SECRET: is required with --authentication post/,
  ],
  [
    'private_key_jwt without a key',
    { OAUTH_CLIENT_AUTHENTICATION: 'private_key_jwt' },
    '',
    /OAUTH_CLIENT_KEY_FILE: is required with --authentication private_key_jwt/,
  ],
  [
    'tls_client_auth without a certificate',
    {},
    '--authentication tls_client_auth',
    /OAUTH_TLS_CERT_FILE: is required with --authentication tls_client_auth$/m,
  ],
  ['a certificate without its key', { OAUTH_TLS_CERT_FILE: CERT }, '', /OAUTH_TLS_KEY_FILE is not set/],
  [
    'a certificate without its key, beside a secret',
    { OAUTH_TLS_CERT_FILE: CERT, OAUTH_CLIENT_SECRET: 'hunter2' },
    '',
    /OAUTH_TLS_KEY_FILE: is required with OAUTH_TLS_CERT_FILE/,
  ],
  [
    'a key of a certificate alone, beside a secret',
    { OAUTH_TLS_KEY_FILE: CERT_KEY, OAUTH_CLIENT_SECRET: 'hunter2' },
    '',
    /OAUTH_TLS_CERT_FILE: is required with OAUTH_TLS_KEY_FILE/,
  ],
  [
    'a CA without a certificate',
    { OAUTH_TLS_CA_FILE: CERT, OAUTH_CLIENT_SECRET: 'hunter2' },
    '',
    /OAUTH_TLS_CA_FILE: requires OAUTH_TLS_CERT_FILE and OAUTH_TLS_KEY_FILE\. Without mutual TLS, set NODE_EXTRA_CA_CERTS/,
  ],
  [
    'a key of another certificate',
    { OAUTH_TLS_CERT_FILE: CERT, OAUTH_TLS_KEY_FILE: { file: OTHER!.key } },
    '',
    /OAUTH_TLS_KEY_FILE: does not belong to the certificate\. Set both variables to the files of one pair/,
  ],
  [
    'a certificate that is none',
    { OAUTH_TLS_CERT_FILE: CERT_KEY, OAUTH_TLS_KEY_FILE: CERT_KEY },
    '',
    /OAUTH_TLS_CERT_FILE: must be a certificate in PEM form/,
  ],
  [
    'a file that does not exist',
    { OAUTH_CLIENT_KEY_FILE: '/nonexistent/hunter2.pem' },
    '',
    /OAUTH_CLIENT_KEY_FILE: the file cannot be read \(ENOENT\)\. Set it to the path of a file/,
  ],
  [
    'an empty file',
    { OAUTH_CLIENT_KEY_FILE: { file: '\n' } },
    '',
    /OAUTH_CLIENT_KEY_FILE: the file is empty/,
  ],
  [
    'a key in place of its path',
    { OAUTH_CLIENT_KEY_FILE: PEM },
    '',
    /OAUTH_CLIENT_KEY_FILE: must be the path of a file, and not its content/,
  ],
  [
    'a JWK in place of its path',
    { OAUTH_CLIENT_KEY_FILE: JSON.stringify(JWK) },
    '',
    /OAUTH_CLIENT_KEY_FILE: must be the path of a file, and not its content/,
  ],
  [
    'an assertion in place of its path',
    { OAUTH_CLIENT_ASSERTION_FILE: JWT },
    '',
    /OAUTH_CLIENT_ASSERTION_FILE: must be the path of a file, and not its content/,
  ],
  [
    'PEM with escaped line breaks',
    { OAUTH_CLIENT_KEY_FILE: { file: PEM.replaceAll('\n', '\\n') } },
    '',
    /OAUTH_CLIENT_KEY_FILE: contains escaped line breaks \(a backslash and n\)\. Write the file with line breaks/,
  ],
  [
    'an encrypted key',
    { OAUTH_CLIENT_KEY_FILE: { file: ENCRYPTED } },
    '',
    /OAUTH_CLIENT_KEY_FILE: is encrypted\. Decrypt it with openssl pkey/,
  ],
  [
    'a weak key',
    { OAUTH_CLIENT_KEY_FILE: { file: WEAK } },
    '',
    /OAUTH_CLIENT_KEY_FILE: is an RSA key of 1024 bits, but must be/,
  ],
  [
    'a key of an unknown type',
    { OAUTH_CLIENT_KEY_FILE: { file: '{"kty":"hunter2","k":"hunter2"}' } },
    '',
    /OAUTH_CLIENT_KEY_FILE: has a kty that is not RSA, EC or OKP/,
  ],
  [
    'a JWK set',
    { OAUTH_CLIENT_KEY_FILE: { file: JSON.stringify({ keys: [JWK] }) } },
    '',
    /OAUTH_CLIENT_KEY_FILE: the file contains a JWK set\. Write one key of it to a file/,
  ],
  [
    'invalid JSON',
    { OAUTH_CLIENT_KEY_FILE: { file: '{"kty":"EC","d":"hunter2"' } },
    '',
    /OAUTH_CLIENT_KEY_FILE: the file is not valid JSON\. Write a JWK, or PEM/,
  ],
  [
    'a public key',
    { OAUTH_CLIENT_KEY_FILE: { file: ecPair().publicKey } },
    '',
    /OAUTH_CLIENT_KEY_FILE: must be a private key: unencrypted PEM, a JWK$/m,
  ],
  [
    'an algorithm of another key type',
    { OAUTH_CLIENT_KEY_FILE: KEY, OAUTH_CLIENT_KEY_ALGORITHM: 'RS256' },
    '',
    /OAUTH_CLIENT_KEY_ALGORITHM: must be an algorithm of this key: ES256/,
  ],
  [
    'an assertion that is not a JWT',
    { OAUTH_CLIENT_ASSERTION_FILE: { file: 'hunter2' } },
    '',
    /OAUTH_CLIENT_ASSERTION_FILE: must be a JWT: three parts of base64url/,
  ],
  [
    'a header that is not JSON',
    { OAUTH_CLIENT_KEY_FILE: KEY, OAUTH_CLIENT_ASSERTION_HEADER: 'x5t' },
    '',
    /OAUTH_CLIENT_ASSERTION_HEADER: must be a JSON object, such as/,
  ],
  [
    'a header with alg',
    { OAUTH_CLIENT_KEY_FILE: KEY, OAUTH_CLIENT_ASSERTION_HEADER: '{"alg":"ES256"}' },
    '',
    /OAUTH_CLIENT_ASSERTION_HEADER: must not contain alg, which OAUTH_CLIENT_KEY_ALGORITHM sets/,
  ],
  [
    'an unknown method in the variable',
    { OAUTH_CLIENT_SECRET: 'hunter2', OAUTH_CLIENT_AUTHENTICATION: 'client_secret_basic' },
    '',
    /OAUTH_CLIENT_AUTHENTICATION: must be 'basic', 'post', 'private_key_jwt'/,
  ],
  [
    'an unknown method in the flag',
    { OAUTH_CLIENT_SECRET: 'hunter2' },
    '--authentication bearer',
    /--authentication: must be 'basic', 'post'/,
  ],
  [
    'a secret that ends with a line break',
    { OAUTH_CLIENT_SECRET: 'hunter2\n' },
    '',
    /OAUTH_CLIENT_SECRET: ends with a line break\. Remove it/,
  ],
]

describe.each(['tokens create', 'tokens introspect env:TOKEN', 'tokens revoke env:TOKEN --yes'])(
  '%s',
  (command) => {
    it.each(CASES)(
      'with %s is wrong use: nothing is sent, and no credential is printed',
      async (_, given, flags, message) => {
        const { issuer } = await cliBed()
        const files = Object.entries(given).flatMap(([name, value]) =>
          typeof value === 'string' ? [] : [[name, value.file]],
        )
        const values = Object.entries(given).filter(([, value]) => typeof value === 'string')
        const env = {
          OAUTH_ISSUER: issuer.url,
          OAUTH_CLIENT_ID: 'billing',
          TOKEN: 'token',
          ...(Object.fromEntries(values) as Record<string, string>),
          ...writeFiles(Object.fromEntries(files) as Record<string, string>),
        }
        const result = await run(`${command} --vendor oauth ${flags}`.trim(), env)
        expect(result.stderr).toMatch(message)
        expect(result).toMatchObject({ code: 2, stdout: '' })
        expect(result.stderr.trimEnd()).not.toContain('\n')
        expect(result.stderr).not.toMatch(/hunter2|BEGIN|eyJ/)
        expect(result.stderr).not.toContain(String(JWK.d))
        expect(issuer.calls.total).toBe(0)
      },
    )
  },
)
