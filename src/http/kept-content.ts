import { createHash } from 'node:crypto';
import { type ContentCoding, encode, MIN_CODED_BYTES } from './content-coding.js';

/** As bytes: a text would be encoded again for each answer. */
export interface CodedContent {
  content: Buffer;
  coding: ContentCoding | null;
  /** Differs for each coding, because caches keep each form separately (RFC 9110 §8.8.3). */
  etag: string;
}

/** Content that is the same for everybody. The first request for a coding compresses it. */
export class KeptContent {
  private readonly plain: CodedContent;
  private readonly hash: string;
  private readonly coded = new Map<ContentCoding, Promise<CodedContent>>();

  /** @param isCompressible false: it is already compressed, for example a picture. */
  constructor(
    content: string | Buffer,
    private readonly isCompressible: boolean,
  ) {
    const bytes = Buffer.from(content);
    this.hash = createHash('sha256').update(bytes).digest('base64url');
    this.plain = { content: bytes, coding: null, etag: `"${this.hash}"` };
  }

  /** @returns the plain content when it cannot be compressed, for example because memory is short. */
  async as(coding: ContentCoding | null): Promise<CodedContent> {
    if (coding === null || !this.isCompressible || this.plain.content.length < MIN_CODED_BYTES) return this.plain;
    let coded = this.coded.get(coding);
    if (!coded) {
      coded = this.encode(coding).catch(() => {
        this.coded.delete(coding);
        return this.plain;
      });
      this.coded.set(coding, coded);
    }
    return coded;
  }

  private async encode(coding: ContentCoding): Promise<CodedContent> {
    const content = await encode(this.plain.content, coding, { isKept: true });
    return { content, coding, etag: `"${this.hash}-${coding}"` };
  }
}
