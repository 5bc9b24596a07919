/** A word of the old dialect, and the standard term. */
export interface WordingRule {
  readonly pattern: RegExp
  readonly instead: string
}

/** Case is ignored. Code in backticks and string literals without a space (identifiers, keys) are not checked. */
export const RULES: readonly WordingRule[] = [
  { pattern: /\b(?:whoever|whomever)\b/gi, instead: 'the caller, a client' },
  { pattern: /\b(?:no|any|some)body(?:'s)?\b/gi, instead: 'the caller, a client' },
  { pattern: /\bstrangers?\b/gi, instead: 'unauthenticated caller' },
  { pattern: /\b(?:dis)?honest(?:ly)?\b/gi, instead: 'valid' },
  { pattern: /\bjunk\b/gi, instead: 'invalid' },
  { pattern: /(?<!\bthere )\b(?:is|are|was|were|be|been) none\b/gi, instead: 'is not an X, is absent' },
  {
    // "There is no X" is plain English; "no longer", "no more than" and the like are adverbs.
    pattern:
      /(?<!\bthere )\b(?:is|are|was|were|be) no (?!longer\b|more\b|less\b|later\b|earlier\b|fewer\b)/gi,
    instead: 'is not an X',
  },
  { pattern: /\bat once\b/gi, instead: 'immediately, synchronously' },
  { pattern: /\btold\b/gi, instead: 'called with, notified' },
  { pattern: /\b(?:asks|asked|questions?)\b/gi, instead: 'requests, requested, request' },
  // `text/html` is a media type.
  { pattern: /\btexts?\b(?!\/)/gi, instead: 'string' },
  // One name each for the two documents of an issuer.
  { pattern: /\b(?:jwks|keys?) document\b/gi, instead: 'key set' },
  {
    pattern:
      /\b(?:issuer's metadata|metadata of (?:an|the) issuer|(?:metadata|configuration) document of (?:an|the) issuer)\b/gi,
    instead: 'discovery document',
  },
  { pattern: /\bpapers?\b/gi, instead: 'documentation, doc page' },
  { pattern: /\bvouch(?:es|ed|ing)?\b/gi, instead: 'verify, confirm' },
  { pattern: /\bjudg(?:e|es|ed|ing|ement|ements|ment)\b/gi, instead: 'validate, evaluate' },
  { pattern: /\bverdicts?\b/gi, instead: 'decision, result' },
  { pattern: /\bremember(?:s|ed|ing)?\b/gi, instead: 'cache, store' },
  { pattern: /\bdemand(?:s|ed|ing)?\b/gi, instead: 'require' },
  { pattern: /\banswer(?:s|ed|ing)?\b/gi, instead: 'response, respond' },
  { pattern: /\b(?:door|house|courier)s?\b/gi, instead: 'the literal term' },
  { pattern: /\bfor ever\b/gi, instead: 'never expires' },
  { pattern: /\b(?:left|leaves?|leaving|let) alone\b/gi, instead: 'backoff, unchanged' },
  { pattern: /\bunder way\b/gi, instead: 'in flight' },
  { pattern: /\b(?:made-up|(?:made|makes?|making) up)\b/gi, instead: 'forged, unknown, generated' },
  {
    pattern: /\b(?:an own|of our own|own (?:fetch|functions?|promises?))\b/gi,
    instead: 'custom',
  },
  { pattern: /\bwhole numbers?\b/gi, instead: 'integer' },
  { pattern: /\bmend(?:s|ed|ing)?\b/gi, instead: 'fix' },
  {
    pattern: /\b(?:good|bad) tokens?\b|\btokens? (?:is|are) (?:good|no good|not good)\b/gi,
    instead: 'valid',
  },
  { pattern: /\b(?:says?|said) (?:no|yes)\b|\ba yes\b/gi, instead: 'active or inactive result' },
  { pattern: /\b(?:stand|stands|stood) (?:in|behind|there|on)\b/gi, instead: 'is, appears in' },
  { pattern: /\bgive(?:s)? up\b|\bgave up\b/gi, instead: 'abort, stop' },
]

/** A sentence in which a word above is the standard term. `in` is the beginning of the path. */
export interface WordingException {
  readonly in: string
  readonly phrase: RegExp
}

export const EXCEPTIONS: readonly WordingException[] = [
  // The option `answers` of createVerifier(), in the code of examples.
  { in: '', phrase: /\banswers(?:: \w+Answers\(| = \w+Answers\(|\.health\(\))/ },
]

/**
 * Not rewritten yet: folders and files. An entry without a hit fails,
 * so that the list only shrinks.
 */
export const PENDING: readonly string[] = []
