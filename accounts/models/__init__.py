from accounts.models.contactpoint import ContactPoint
from accounts.models.growth import GrowthEntry, Membership
from accounts.models.level import MemberDay, MemberLevel
from accounts.models.message import Message
from accounts.models.sealedsecret import SealedSecret
from accounts.models.staffrole import StaffRole
from accounts.models.user import User, UserManager

__all__ = [
    "ContactPoint",
    "GrowthEntry",
    "MemberDay",
    "MemberLevel",
    "Membership",
    "Message",
    "SealedSecret",
    "StaffRole",
    "User",
    "UserManager",
]
