import type { VerificationKey } from '../model/key/verification-key.js'
import { isOfAnyTemplate } from '../util/url/url-template.js'

/**
 * Microsoft's tokens of version 1 have another `iss` than those of version 2, and one key set serves both. Its keys name the
 * issuer of version 2: https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-signing-key-issuer
 */
const MICROSOFT_V1 = /^https:\/\/sts\.(windows\.net|chinacloudapi\.cn)\/([0-9a-f-]{36})\/$/
const MICROSOFT_V2: Readonly<Record<string, readonly string[]>> = {
  'windows.net': ['https://login.microsoftonline.com', 'https://login.microsoftonline.us'],
  'chinacloudapi.cn': ['https://login.partner.microsoftonline.cn'],
}

/**
 * Whether a key may verify a token with this `iss`. A key set that several issuers share may name one issuer per key, such as
 * Microsoft's: that issuer, or a template with a placeholder for one path segment. A key without `issuer` serves every `iss`.
 */
export function isKeyOf({ issuer }: VerificationKey, iss: unknown): boolean {
  if (issuer === undefined) return true
  if (typeof iss !== 'string') return false
  return namesOf(iss).some((name) => name === issuer || isOfAnyTemplate(issuer, name))
}

function namesOf(iss: string): readonly string[] {
  const [, cloud = '', tenant = ''] = MICROSOFT_V1.exec(iss) ?? []
  return [iss, ...(MICROSOFT_V2[cloud] ?? []).map((origin) => `${origin}/${tenant}/v2.0`)]
}
