// Links that hold an input: the part of the address after "#", which browsers do not send to a server.
//
// It is #v1.FORMAT.EXIT_CODE.BYTES, where BYTES are compressed by deflate and written in base64url.

const MOST_SHARED = 1024 * 1024; // bytes of an input in a link
const MOST_CHARACTERS = 32 * 1024; // of a link; longer ones break in mails and chats

const through = (bytes, stream) => new Blob([bytes]).stream().pipeThrough(stream);

export async function toFragment(bytes, format, exitCode) {
  if (bytes.length > MOST_SHARED) return null;
  const packed = new Uint8Array(await new Response(through(bytes, new CompressionStream("deflate-raw"))).arrayBuffer());
  const letters = btoa(Array.from(packed, (byte) => String.fromCharCode(byte)).join(""));
  const fragment = `#v1.${format}.${exitCode}.${letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
  return fragment.length > MOST_CHARACTERS ? null : fragment;
}

// The input in a link; null if there is none, or if it is damaged or holds too much.
export async function fromFragment(fragment) {
  const match = /^#v1\.([a-z0-9-]*)\.(-?[0-9]{0,3})\.([A-Za-z0-9_-]*)$/.exec(fragment);
  if (!match) return null;
  const [, format, exitCode, letters] = match;
  try {
    const packed = atob(letters.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = await unpacked(Uint8Array.from(packed, (letter) => letter.charCodeAt(0)));
    return bytes && { format, exitCode, bytes };
  } catch {
    return null;
  }
}

// A small link may hold a gigabyte of blanks, so the bytes are counted as they come.
async function unpacked(packed) {
  const parts = [];
  let length = 0;
  const reader = through(packed, new DecompressionStream("deflate-raw")).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    length += read.value.length;
    if (length > MOST_SHARED) return null;
    parts.push(read.value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
