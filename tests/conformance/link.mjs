/** The link between two platforms: W-LINK-1 to W-LINK-6. */
import { checkSignature } from "./ed25519.mjs";
import { domain } from "./hashes.mjs";
import * as records from "./records.mjs";
import { require, same } from "./refused.mjs";

const MAX_PACKET_BYTES = 4194304;
const MAX_FRAMES = 4096;

function index2(index) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(Number(index));
  return bytes;
}

/** What an end of a link signs (W-LINK-3). */
export function linkBytes(chainId, speaker, listener, listenersNonce, speakersNonce) {
  const ends = [index2(speaker), index2(listener)];
  return Buffer.concat([domain("hello"), chainId, ...ends, listenersNonce, speakersNonce]);
}

const read = (type, input) => records.read(type, input, records.MAX_HANDSHAKE_BYTES);

/** What `me` does with hello (W-LINK-1, W-LINK-2). */
export function checkHello(federation, me, input) {
  const hello = read(records.hello, input);
  require(same(hello.chain_id, federation.chainId), "W-LINK-2", "hello of another chain");
  const may = hello.platform > BigInt(me) && hello.platform < BigInt(federation.n);
  require(may, "W-LINK-1", "not a platform with a higher index");
  return hello;
}

/** What `me` does with the welcome of `other`, having sent `nonce`. */
export function checkWelcome(federation, me, other, nonce, input) {
  const welcome = read(records.welcome, input);
  require(welcome.platform === BigInt(other), "W-LINK-2", "the welcome of another platform");
  const signed = linkBytes(federation.chainId, other, me, nonce, welcome.nonce);
  checkSignature(federation.keys[other], signed, welcome.signature, "W-LINK-3", "the welcome");
}

/** What `me` does with proof after a hello, having sent `nonce` in its welcome. */
export function checkProof(federation, me, hello, nonce, input) {
  const proof = read(records.linkProof, input);
  const signed = linkBytes(federation.chainId, hello.platform, me, nonce, hello.nonce);
  const key = federation.keys[Number(hello.platform)];
  checkSignature(key, signed, proof.signature, "W-LINK-3", "the proof");
}

/** The frames of a packet: W-LINK-4 to W-LINK-6. @returns {({message: Buffer}|{request: bigint})[]} */
export function frames(packet) {
  require(packet.length <= MAX_PACKET_BYTES, "W-LINK-5", "a packet too long");
  const result = [];
  let at = 0;
  while (at < packet.length) {
    require(result.length < MAX_FRAMES, "W-LINK-5", "too many frames");
    const type = packet[at];
    require(type === 1 || type === 2, "W-LINK-4", "a frame of no known type");
    require(packet.length - at >= 5, "W-LINK-4", "a frame that ends in its head");
    const length = packet.readUInt32BE(at + 1);
    at += 5;
    require(packet.length - at >= length, "W-LINK-4", "a frame that ends early");
    const content = packet.subarray(at, at + length);
    at += length;
    result.push(type === 1 ? { message: content } : { request: request(content) });
  }
  return result;
}

function request(content) {
  require(content.length === 8, "W-LINK-6", "a request has 8 bytes");
  const height = content.readBigUInt64BE();
  require(height >= 1n && height < 1n << 63n, "W-LINK-6", "no height from 1 to 2^63 - 1");
  return height;
}
