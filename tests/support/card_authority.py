"""A test certificate authority: scheme, issuer and card with their certificates. The private keys stand here in clear: tests only.

The numbers were drawn once with `cryptography`; modulus and private exponent of each, the public exponent is 3.
"""

from datetime import date

from tapwealth.kernel.masked import Pan
from tapwealth.wire.emv_certificates import CaKey, Certified, certify_card, certify_issuer
from tapwealth.wire.emv_rsa import PrivateKey, private_key

RID, INDEX = bytes.fromhex("A000000333"), 0xC1
GOOD_TO = date(2029, 12, 31)
ISSUER_SERIAL, CARD_SERIAL = bytes.fromhex("00A501"), bytes.fromhex("000001")


def _key(modulus: str, private_exponent: str) -> PrivateKey:
    return private_key(int(modulus, 16), 3, int(private_exponent, 16))


AUTHORITY = _key(  # 1984 bits
    "9d986eb440c7706418cea1125f373cb2504bd119909ea98dc411bc162b3a2b28bd7e0a49f4afcd68fc605a2275815e4eed1315f8b8a57499"
    "b6f4b4598ac52e1e6bd9e395be16b1d5268840256bbc1c5906b7478b3812f46149dfd4ad53071856411196a2111403c1548ae4e05708cd44"
    "0781e04718c4dac47804ea29406ecbcf9f5414abb6b34f9ad28873edc3c9c63c77b7ab08255af6feb0d046d24de0707235323a55dc2e90df"
    "7709fe749831e05294ebedd92bb84090d3d7b1722294e7889d78c184c32c0d9dbff7e3a0f4b1ae740e0bfc354e25fd39a5e0be55fb1655d5"
    "1fe6b20e83ae8f057b9f4509eb87f14af2b6d7dbf82a23b5",
    "691049cd8084f5981089c0b6ea24d3218add36110b1471092d61280ec77c1cc5d3a95c314dca88f0a8403c16f900e989f3620ea5d06e4dbb"
    "cf4dcd91072e1ebef2914263d40f2138c45ad56e47d2bd90af24da5cd00ca2eb869538738caf658ed60bb9c160b80280e30743403a05de2d"
    "5a569584bb2de72da5589c1a7471f2241df4cb87a5c5b446b68a5a47f032040235ea0ca1242205111d7a63beca487e6afb57597d7c9b21d8"
    "59dac72549c8d78eff5f0c1f28c62f8841b15e5e61713255d52bcecfe982c1b29a902de3d63a4031d3d3a25ea8e2c0fe252d0fcc4bda4f16"
    "15e0a5a7905a2eaa738085951a0d492b84eac37f8c187633",
)
OTHER_AUTHORITY = _key(  # 1408 bits
    "dcd80d66d9b84c6ed35a1016a35522b4ac4206b903b9c5ba6d6fa02d86a094b84c15130d5211e541863db558b61c5860f2494f65115a9a62"
    "9222885d9c8ec1a3e0179cfdaa286636a316121cc2161e999173731e911496b407a8ccae88192a6956a497c9db26ded712526511c951cd31"
    "0cbf864fec8f8e7bfa8a39c9516e869c72a611e5738aaea12cd02de9b8d89925452f79c83d0b6c8dcbe1f1ec5b66176f948a4cdf20bc060d"
    "4975a84e23b253a1",
    "933ab399e67add9f3791600f178e17231d8159d0ad2683d19e4a6ac9046b0dd032b8b75e36b698d6597e78e5cebd9040a18634ee0b91bc41"
    "b6c1b03e685f2bc295651353c6c59979c20eb6bdd6b969bbb64cf769b60db9cc1ca63dd686904a096af60eee2546d082f863727f31d14a05"
    "5a774ac898214bc972261959eb9b63cad07fbcd532b08a903f9c8adc610d3aef9a450050cb5c796cbe4142fd599d857b6f7f34ebd1765c09"
    "675ac2177aa93f2b",
)
ISSUER = _key(  # 1408 bits
    "d1a4c4ab6b8fc235fcdb9176ae659798002529e3cc5b501d712e0fe4c7dad213f729c6c449318278edba128775bace4f68525430df13a8e3"
    "153fcaf4ecaf1e10db31ce907a12c313c513ab62972114083f469f3d05a869f279f99623997b58776336af762b46aa0b57db573a7cd8ef99"
    "1e4e3b16143912ad388d84639ca7096566ca898305b8d5ff80e42a2a44cd9305b981327974bbde720cea5e0b6a119ea149b9a6d0bfd71d34"
    "5670609f35b11e27",
    "8bc32dc79d0a8179533d0ba47443ba65556e1bed32e78abe4b740a98853c8c0d4f712f2d862101a5f3d161afa3d1dedf9ae18d75ea0d1b42"
    "0e2a874df31f6960922134605161d76283627241ba160d5ad4d9bf7e03c59bf5c672628529565b5eb6be131f09cca04d5c6802b850ccbd45"
    "f73585fccad7cf60d20da14072dc3f62906b194a02cf2f444e32ea46c83a8a9ee900cbbcb28091ab14f91f6eac1204f830e78cdac5301522"
    "cf9092e49243f75b",
)
CARD = _key(  # 1152 bits
    "cef6bc29ffb42c362cff344a0e59ae889d13763d8ed6f2a2aedfe96be8e368e0873377371de30635d11b84004c24024c647acd2767fc784e"
    "20368c8a2aee3951759289a40af850b15968e705108d1b055730248fc081d590ecbdbf515f136f3fd573cceff42e25dce2e25c7b5e019cb9"
    "3a933dd5c1e3b0b070bd220401463d06a9dae3874789fe3fcc5471bf45131033",
    "89f9d2c6aa781d797354cd86b43bc9b068b7a42909e4a1c1c9ea9b9d45ecf095af77a4cf69420423e0bd02aadd6d56dd9851de1a4552fade"
    "c0245db171f426364e61b118075035ca5e0014077e2846c6cecd03e083c27ec141cfce5c3f19c71a56d692952b5642b9d887a90d82674499"
    "8e3aa009ef042bd4e379ab9322af48e98b20903556493f03099860bb57c1539b",
)
SMALL_CARD = _key(  # 1024 bits
    "df0002fbce791d50078b949a720c64b4d0e9107b71c392e38053b6d36c2b4f81dc79f15dd3d4387bb4b14da1ddf4e41eaa6c3dbc4fcaa6b7"
    "c247daba391e0db9fdb0831c33a581f4bdae4c05cb72dc7ee3d75b8a9e17ff3be936f396967fe999aa067056925ecfa891939c406ec8c68f"
    "e56c48c9b07ecd0e77468a03bf9609c9",
    "94aaaca7defb68e00507b866f6b2edcde09b60524bd7b742558d248cf2c78a5692fbf63e8d3825a7cdcb891693f89814719d7e7d8a8719cf"
    "d6da91d17b695e7abf787429c938b7e06b0d35d25937c05297d3d56145455210adb0b4bf609340b83c6a22b777ff9989ea284fa20110e2bf"
    "c50c20526a08d579df88dc8b3dfbee83",
)

CA_KEY = CaKey(RID, INDEX, AUTHORITY.public, GOOD_TO)


def issuer_certificate(issuer_digits: str = "622200", good_to: date = GOOD_TO, authority: PrivateKey = AUTHORITY) -> Certified:
    """The test issuer's certificate."""
    return certify_issuer(authority, issuer_digits, good_to, ISSUER_SERIAL, ISSUER.public)


def card_certificate(
    pan: Pan, static_data: bytes, good_to: date = GOOD_TO, card: PrivateKey = CARD, issuer: PrivateKey = ISSUER
) -> Certified:
    """A card's certificate over its static data."""
    return certify_card(issuer, pan, good_to, CARD_SERIAL, card.public, static_data)
